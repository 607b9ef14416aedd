# What we use of it, of 3.10: github.com/RapidAI/RapidOCR.

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

__file__: str

class RapidOCROutput:
    boxes: NDArray[np.float32] | None
    txts: Sequence[str] | None

class RapidOCR:
    def __init__(self, *, params: Mapping[str, str | int | bool]) -> None: ...
    def __call__(self, img_content: NDArray[np.uint8]) -> RapidOCROutput: ...
