"""Which fields of a request have no effect, so that the answer can say so.

A value that asks for what happens anyway is no wish, and is not told.
"""

from collections.abc import Mapping
from urllib.parse import quote

from antechamber.dialects.openai_front.shapes import ChatRequest

_NEUTRAL: Mapping[str, tuple[object, ...]] = {
    "frequency_penalty": (0,),
    "logit_bias": ({},),
    "logprobs": (False,),
    "metadata": ({},),
    "min_p": (0,),
    "presence_penalty": (0,),
    "repetition_penalty": (1,),
    "store": (False,),
    "top_logprobs": (0,),
    "verbosity": ("medium",),
}
_OWN = {"annotations", "parsed"}
"""Of messages that SDKs send back as they got them."""
_MOST = 40
"""A header has an end."""


class Ignored:
    """Collects names, each once, in the order in which they were met."""

    def __init__(self) -> None:
        self._names: dict[str, None] = {}

    def add(self, name: str) -> None:
        """Take ``name``; what a header cannot carry is percent-encoded."""
        if len(self._names) < _MOST:
            self._names[quote(name[:64], safe="")] = None

    @property
    def names(self) -> tuple[str, ...]:
        """Everything so far."""
        return tuple(self._names)


def note_what_has_no_effect(chat: ChatRequest, ignored: Ignored) -> None:
    """Add the fields that nothing here reads, of the request and of its messages."""
    for name, value in (chat.model_extra or {}).items():
        if value is not None and value not in _NEUTRAL.get(name, ()):
            ignored.add(name)
    options = chat.stream_options
    for name, value in ((options and options.model_extra) or {}).items():
        if value:
            ignored.add(f"stream_options.{name}")
    for message in chat.messages:
        for name, value in (message.model_extra or {}).items():
            if value and name not in _OWN:
                ignored.add(f"messages.{name}")
