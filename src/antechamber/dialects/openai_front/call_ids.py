"""The ids of calls, made to fit the Messages API: other characters, and ids that come again.

What is made of an id follows from the conversation up to it alone. So the same history gets the
same ids in every request, which is what prompt caches want.
"""

import hashlib
import re

from antechamber.wire.call_ids import carrying

_FITTING = re.compile(r"[a-zA-Z0-9_-]+")


class CallIds:
    """Goes through one conversation and gives each call an id, and each result that of its call."""

    def __init__(self) -> None:
        self._given: set[str] = set()
        self._unanswered: dict[str, list[str]] = {}

    def begin_turn(self) -> None:
        """Forget the calls of earlier turns: a result belongs to the last ones."""
        self._unanswered.clear()

    def call(self, foreign: str) -> str:
        """Return the id of a call. Some servers number the calls of every turn from 0."""
        fitting = _fit(foreign)
        own, number = fitting, 1
        while own in self._given:
            number += 1
            own = f"{fitting}_{number}"
        self._given.add(own)
        self._unanswered.setdefault(foreign, []).append(own)
        return own

    def result(self, foreign: str) -> str:
        """Return the id of the call that this result answers; that there is one is a rule."""
        waiting = self._unanswered.get(foreign)
        if not waiting:
            return _fit(foreign)
        # The last one stays: a second result for it is a fault that the rules word.
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


def _fit(foreign: str) -> str:
    if _FITTING.fullmatch(foreign):
        return foreign
    # Not by replacing characters: two ids could become one. What can be is carried, for the host
    # that it came from.
    digest = hashlib.sha256(foreign.encode()).hexdigest()
    return carrying(foreign, lambda _: digest) or f"call_{digest[:24]}"
