"""What is remembered of a host's models, of a bounded number of them."""

from collections import OrderedDict
from typing import Generic, TypeVar

from antechamber.dialects.openai_chat.adapting import Change
from antechamber.dialects.openai_chat.quirks import Quirks

_MOST_MODELS = 1024

_T = TypeVar("_T")


class ByModel(Generic[_T]):
    """Values by model id.

    Ids come from requests, so there is a bound: the one not asked for longest is forgotten.
    """

    def __init__(self) -> None:
        self._values: OrderedDict[str, _T] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, model: str) -> _T | None:
        """Return the value for ``model``, None where none is known."""
        if model not in self._values:
            return None
        self._values.move_to_end(model)
        return self._values[model]

    def put(self, model: str, value: _T) -> None:
        """Keep ``value`` for ``model``."""
        self._values[model] = value
        self._values.move_to_end(model)
        if len(self._values) > _MOST_MODELS:
            self._values.popitem(last=False)


class Lessons:
    """What a host has been seen to refuse, by model."""

    def __init__(self) -> None:
        self._quirks = ByModel[Quirks]()
        self._output_limits = ByModel[int]()
        self._efforts = ByModel[bool]()

    def quirks(self, model: str, usual: Quirks) -> Quirks:
        """Return the ways of ``model``: the host's ``usual`` ones where nothing was learned."""
        return self._quirks.get(model) or usual

    def learn(self, model: str, usual: Quirks, change: Change) -> None:
        """Keep ``change``, beside what was learned before."""
        self._quirks.put(model, change.of(self.quirks(model, usual)))

    def output_limit(self, model: str) -> int | None:
        """Return the most output tokens that ``model`` may be asked for, where it has said so."""
        return self._output_limits.get(model)

    def learn_output_limit(self, model: str, most: int) -> None:
        """Keep the most output tokens of ``model``."""
        self._output_limits.put(model, most)

    def effort_taken(self, model: str) -> bool:
        """Tell whether ``model`` has taken ``reasoning_effort``."""
        return self._efforts.get(model) is not None

    def learn_effort_taken(self, model: str) -> None:
        """Keep that ``model`` takes ``reasoning_effort``."""
        self._efforts.put(model, value=True)
