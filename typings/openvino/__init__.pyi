# The few names that we use of an untyped extension module; a name joins when code first needs it.

from numpy import int64
from numpy.typing import NDArray

class Tensor:
    def __init__(self, array: NDArray[int64]) -> None: ...
    @property
    def data(self) -> NDArray[int64]: ...
