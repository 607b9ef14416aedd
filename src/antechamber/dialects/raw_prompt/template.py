"""A model's own chat template: Jinja text that turns chat turns into the prompt it knows."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, NoReturn, cast

from jinja2 import Environment, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from antechamber.wire.errors import EngineFailed

_BREAK = "\ue0ff"
"""Put into a control token that stands in somebody's text, and taken out when it is tokenised."""
_REPLACED = "\ufffd"
"""Stands for a ``_BREAK`` that was in somebody's text."""
# What models spell control tokens like, by its first character: <|this|> (DeepSeek with full-width
# bars), [|this|] (EXAONE), <s>, the turns of Gemma, the spare tokens of T5, Baichuan and Gemma.
_CONTROL = {
    "<": [
        "[|\uff5c][^|\uff5c<>\\s]{1,60}[|\uff5c]>",
        r"/?s>",
        r"(?:start|end)_of_turn>",
        r"(?:extra_id_|reserved_|unused)\d{1,6}>",
    ],
    "[": [r"\|[^|\[\]\s]{1,60}\|\]"],
}
_IN_TEMPLATE = re.compile(r"<[^<>\n]{1,60}>|\[[^\[\]\n]{1,60}\]")
"""Whatever a template puts around turns, it writes between such brackets."""
_OURS = re.compile(r"</?(?:think|tools?|tool_call|tool_response|system)>")
"""Elements inside turns, which prompts hold of our own doing: no text opens a turn with them."""
_GENERATION = re.compile(r"(\{%-?)\s*(end)?generation\s*(-?%\})")
"""Marks the assistant's text for training; jinja2 does not know the tag, and it changes nothing."""
_OPENED_THOUGHT = re.compile(r"<think>\s*\Z")


Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatTurn:
    """One turn as templates know it: a role and its text."""

    role: Role
    content: str


class _Refused(TemplateError):
    """The template itself raised, for example on an order of roles that it does not know."""


def _refuse(message: str) -> NoReturn:
    raise _Refused(message)


class ChatTemplate:
    """Renders chat turns; compiled once for each model.

    Raises ``EngineFailed`` for a source that is no template.
    """

    def __init__(self, source: str, *, bos: str, eos: str) -> None:
        self._template, literals = _compile(source)
        self._bos, self._eos = bos, eos
        self._control = _starts_of({*literals, bos, eos})
        self.reasons_natively = "<think>" in source
        """Whether the model was trained to put a thought in front of its answer."""

    def render(self, turns: Sequence[ChatTurn]) -> str:
        """Return the prompt up to where the assistant is to speak.

        Control tokens inside the turns' text are broken up, so that no text can open a turn;
        ``pieces`` tokenises them as plain text. A template that does not know system turns after
        the first, or none at all, gets them inside a user turn, at their place.
        """
        guarded = [ChatTurn(role=turn.role, content=self.guard(turn.content)) for turn in turns]
        reason = ""
        for arrange in _ARRANGEMENTS:
            arranged = arrange(guarded)
            try:
                text = self._render(arranged)
            except (TemplateError, TypeError, ValueError, LookupError) as error:
                reason = str(error)
                continue
            if _holds_system_turns(text, arranged):
                # Reasoning is opened by the plan of the turn, not by the template.
                return _OPENED_THOUGHT.sub("", text)
            reason = "it leaves system turns out"
        message = f"The model's chat template refuses this conversation: {reason}"
        raise EngineFailed(message)

    def guard(self, text: str) -> str:
        """Break up control tokens in text that is appended to a rendered prompt."""
        return self._control.sub(rf"\g<0>{_BREAK}", text.replace(_BREAK, _REPLACED))

    def _render(self, turns: Sequence[ChatTurn]) -> str:
        return self._template.render(
            messages=[{"role": turn.role, "content": turn.content} for turn in turns],
            add_generation_prompt=True,
            bos_token=self._bos,
            eos_token=self._eos,
            tools=None,
            enable_thinking=True,
        )


def merged(turns: Sequence[ChatTurn]) -> list[ChatTurn]:
    """Return the turns with those of one role in a row made one."""
    return [
        ChatTurn(role=role, content="\n".join(turn.content for turn in run))
        for role, run in groupby(turns, key=_role_of)
    ]


def _role_of(turn: ChatTurn) -> Role:
    return turn.role


def pieces(prompt: str) -> list[str]:
    """Split a rendered prompt where a control token was broken up; tokenise each part by itself."""
    return prompt.split(_BREAK)


def _starts_of(tokens: Iterable[str]) -> re.Pattern[str]:
    """Return what finds the first character of every control token, also where they overlap."""
    rests = {first: list(patterns) for first, patterns in _CONTROL.items()}
    for token in sorted(token for token in tokens if len(token) > 1):
        rests.setdefault(token[0], []).append(re.escape(token[1:]))
    # A literal first character lets the search skip what cannot begin a token.
    return re.compile(
        "|".join(f"{re.escape(first)}(?={'|'.join(rest)})" for first, rest in rests.items())
    )


def _literals(environment: Environment, source: str) -> set[str]:
    """Return the bracketed words in the text that a template writes, not those in its code."""
    written = (text for _, kind, text in environment.lex(source) if kind in ("data", "string"))
    found = {word for text in written for word in _IN_TEMPLATE.findall(text)}
    return {word for word in found if not _OURS.fullmatch(word)}


def _compile(source: str) -> tuple[Template, set[str]]:
    if not source.strip():
        message = "The model has no chat template."
        raise EngineFailed(message)
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = _to_json
    names = cast("dict[str, object]", environment.globals)
    names["raise_exception"] = _refuse
    known = _GENERATION.sub(
        lambda tag: f"{tag[1]} {'endif' if tag[2] else 'if true'} {tag[3]}", source
    )
    try:
        return environment.from_string(known), _literals(environment, known)
    except TemplateError as error:
        message = f"The model's chat template cannot be read: {error}"
        raise EngineFailed(message) from error


def _as_they_are(turns: Sequence[ChatTurn]) -> Sequence[ChatTurn]:
    return turns


def _without_late_system(turns: Sequence[ChatTurn]) -> list[ChatTurn]:
    return merged([*turns[:1], *map(_told_by_user, turns[1:])])


def _without_system(turns: Sequence[ChatTurn]) -> list[ChatTurn]:
    return merged([_told_by_user(turn) for turn in turns])


_ARRANGEMENTS: tuple[Callable[[Sequence[ChatTurn]], Sequence[ChatTurn]], ...] = (
    _as_they_are,
    _without_late_system,
    _without_system,
)
"""In the order in which they are tried. Each rewrites turn by turn, so that what a conversation
grows by never changes how its beginning is rendered."""


def _told_by_user(turn: ChatTurn) -> ChatTurn:
    if turn.role != "system":
        return turn
    return ChatTurn(role="user", content=f"<system>\n{turn.content}\n</system>")


def _holds_system_turns(text: str, turns: Sequence[ChatTurn]) -> bool:
    """Tell whether the template kept every system turn; some drop in silence what they ignore."""
    at = 0
    for turn in turns:
        if turn.role == "system":
            at = text.find(turn.content.strip(), at)
            if at < 0:
                return False
    return True


def _to_json(  # the parameters that templates written for Transformers may name
    value: object,
    *,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(  # noqa: TID251 - text for a template, not a body
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )
