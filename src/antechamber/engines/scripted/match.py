"""Which reply of a script answers a request."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from antechamber.engines.scripted.scene import Scene
from antechamber.engines.scripted.script import ErrorAnswer, Reply, Script


def matches(reply: Reply, scene: Scene) -> bool:
    """Tell whether every condition of ``reply`` holds."""
    has_result = scene.result_text is not None
    if reply.model is not None and not any(fnmatchcase(m, reply.model) for m in scene.models):
        return False
    if reply.after_tool_result is not None and reply.after_tool_result != has_result:
        return False
    if reply.when_tool_result is not None and (
        scene.result_text is None or not reply.when_tool_result.search(scene.result_text)
    ):
        return False
    # After a tool result the question is asked for, before it the turn: else a reply that calls
    # a tool would match again when the result comes back, and so for ever.
    text = scene.question_text if reply.after_tool_result else scene.user_text
    return reply.when is None or reply.when.search(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A reply and its place in the script; None where it is one of ours."""

    reply: Reply
    index: int | None = None


class Prompter:
    """Says which reply is next, and remembers how often each has been played."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._played = [0] * len(script.replies)

    def choose(self, scene: Scene) -> Choice:
        """Return the reply that is next for ``scene``; uses up nothing."""
        index = self._next(scene)
        if index is None:
            return Choice(reply=_AT_END if self._script.at_end == "error" else _NO_MATCH)
        return Choice(reply=self._script.replies[index], index=index)

    def use_up(self, choice: Choice) -> None:
        """Count the chosen reply as played once."""
        if choice.index is None:
            return
        if choice.index == 0 and self._used_up(0):
            # The sequence begins again.
            self._played = [0] * len(self._played)
        self._played[choice.index] += 1

    def _next(self, scene: Scene) -> int | None:
        in_sequence = self._script.order == "sequence"
        for index, reply in enumerate(self._script.replies):
            if not self._used_up(index) and (in_sequence or matches(reply, scene)):
                return index
        if not in_sequence or not self._script.replies or self._script.at_end == "error":
            return None
        return len(self._script.replies) - 1 if self._script.at_end == "last" else 0

    def _used_up(self, index: int) -> bool:
        once = 1 if self._script.order == "sequence" else None
        times = self._script.replies[index].times or once
        return times is not None and self._played[index] >= times


_NO_MATCH = Reply(
    text="No reply of the script matches this request to {model}. "
    "The last user turn was: {last_user_text}"
)
_AT_END = Reply(
    # 400, because the SDKs would repeat a request that got a 5xx.
    error=ErrorAnswer(status=400, message="The script is at its end: every reply has been played.")
)
