"""The inputs of the tools whose schema the API itself defines and the client runs.

Sources: platform.claude.com/docs, tool use: bash tool, text editor tool, memory tool, computer
use; SDK 2.12, ``BetaMemoryTool20250818Command`` and the ``BetaComputer…Input`` types. Each form of
an input is a schema of its own, so that a call holds what its command needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Schema = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTool:
    """What a model has to know of one of them."""

    name: str
    description: str
    schema: Schema


_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "integer"}
_FIELDS: Mapping[str, Schema] = {
    "insert_line": _NUMBER,
    "scroll_amount": _NUMBER,
    "duration": _NUMBER,
    "view_range": {"type": "array", "items": _NUMBER, "minItems": 2, "maxItems": 2},
    "coordinate": {"type": "array", "items": _NUMBER, "minItems": 2, "maxItems": 2},
    "start_coordinate": {"type": "array", "items": _NUMBER, "minItems": 2, "maxItems": 2},
    "region": {"type": "array", "items": _NUMBER, "minItems": 4, "maxItems": 4},
    "scroll_direction": {"enum": ["up", "down", "left", "right"]},
}
"""What is not text."""


def _form(fields: str, **fixed: Schema) -> Schema:
    """Return an object of ``fixed`` fields and of those named; a ``?`` marks an optional one."""
    named = fields.split()
    properties = {name: _FIELDS.get(name, _TEXT) for name in (n.rstrip("?") for n in named)}
    return {
        "type": "object",
        "properties": {**fixed, **properties},
        "required": [*fixed, *(name for name in named if not name.endswith("?"))],
        "additionalProperties": False,
    }


def _command(name: str, fields: str) -> Schema:
    return _form(fields, command={"const": name})


def _action(names: str, fields: str = "") -> Schema:
    return _form(fields, action={"enum": names.split()})


def _one_of(*forms: Schema) -> Schema:
    return {"type": "object", "anyOf": list(forms)}


_BASH = ClientTool(
    name="bash",
    description="Run a command in a bash shell that keeps its state, or restart the shell.",
    schema=_one_of(_form("command"), _form("", restart={"const": True})),
)


def _editor(name: str, *forms: Schema) -> ClientTool:
    return ClientTool(
        name=name, description="View, create and edit text files.", schema=_one_of(*forms)
    )


_VIEW = _command("view", "path view_range?")
_CREATE = _command("create", "path file_text")
_REPLACE = _command("str_replace", "path old_str new_str")
_INSERT = _command("insert", "path insert_line insert_text")
# anthropics/anthropic-sdk-python#1155: the newest editor's field is insert_text, before it new_str.
_OLD_EDITS = (_VIEW, _CREATE, _REPLACE, _command("insert", "path insert_line new_str"))
_UNDO = _command("undo_edit", "path")

_MEMORY = ClientTool(
    name="memory",
    description="Keep notes in files under /memories that last between conversations.",
    schema=_one_of(
        _VIEW,
        _CREATE,
        _REPLACE,
        _INSERT,
        _command("delete", "path"),
        _command("rename", "old_path new_path"),
    ),
)


def _computer(*forms: Schema) -> ClientTool:
    return ClientTool(
        name="computer",
        description="Use mouse, keyboard and screen of a computer.",
        schema=_one_of(*forms),
    )


_TYPING = _action("key type", "text")
_MOVING = _action("mouse_move", "coordinate")
_LOOKING = _action("screenshot cursor_position")
_FIRST_ACTIONS = (
    _LOOKING,
    _TYPING,
    _MOVING,
    _action("left_click right_click middle_click double_click"),
    _action("left_click_drag", "coordinate"),
)
_ACTIONS = (
    _LOOKING,
    _TYPING,
    _MOVING,
    _action("left_click right_click middle_click double_click triple_click", "coordinate? text?"),
    _action("left_click_drag", "start_coordinate coordinate"),
    _action("left_mouse_down left_mouse_up"),
    _action("scroll", "coordinate scroll_direction scroll_amount text?"),
    _action("hold_key", "text duration"),
    _action("wait", "duration"),
)
COMPUTER_WITH_ZOOM = _computer(*_ACTIONS, _action("zoom", "region"))
"""``computer_20251124`` with ``enable_zoom``."""

CLIENT_TOOLS: Mapping[str, ClientTool] = {
    "bash_20241022": _BASH,
    "bash_20250124": _BASH,
    "text_editor_20241022": _editor("str_replace_editor", *_OLD_EDITS, _UNDO),
    "text_editor_20250124": _editor("str_replace_editor", *_OLD_EDITS, _UNDO),
    "text_editor_20250429": _editor("str_replace_based_edit_tool", *_OLD_EDITS),
    "text_editor_20250728": _editor(
        "str_replace_based_edit_tool", _VIEW, _CREATE, _REPLACE, _INSERT
    ),
    "memory_20250818": _MEMORY,
    "computer_20241022": _computer(*_FIRST_ACTIONS),
    "computer_20250124": _computer(*_ACTIONS),
    "computer_20251124": _computer(*_ACTIONS),
}
"""By tool type."""
