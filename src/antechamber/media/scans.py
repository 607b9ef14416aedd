"""Text in images, read by RapidOCR: on this machine, with the models that come in its package.

Source: rapidai.github.io/RapidOCRDocs.
"""

from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from antechamber.media.layout import Corner, laid_out, upright

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image
    from rapidocr import RapidOCR

PAGE_SIDE_PX = 2_000
"""The longer side of a page that is read: letters of 8 points on A4 are then 19 pixels high."""
_WIDTH_PX = 2_560
"""What is wider is shrunk; of a screen of 3,840 pixels the usual letters are still read."""
_BAND_PIXELS = 1_400_000
"""So much is read at a time: memory grows with it, to 0.7 GiB for this."""
_SHARED_PX = 200
"""Of two bands: no line is so high, or so much askew, that neither has all of it."""
_LEAST_PX = 8
"""No letters are lower."""
_PARAMETERS = {
    "Global.log_level": "critical",
    "Global.max_side_len": _WIDTH_PX,
    # Lines that stand on their heads are rare.
    "Global.use_cls": False,
    # Text is looked for in the size that the band has. The default makes small ones larger, and
    # takes gigabytes for a narrow one.
    "Det.limit_type": "max",
    "Det.limit_side_len": _WIDTH_PX,
    # Lines that are read together are made as long as the longest: twice the memory, more time.
    "Rec.rec_batch_num": 1,
    # Two wait for each other: twice as slow where others work too, a third faster where none do.
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}


class OcrMissing(Exception):
    """What reads text in images is not installed: ``pip install 'antechamber[ocr]'``."""


def is_available() -> bool:
    """Tell whether it is installed, without loading it."""
    return all(find_spec(name) is not None for name in ("rapidocr", "onnxruntime"))


def read_text(image: "Image") -> str:
    """Return the text in an image of RGB, laid out as it stands there; raises ``OcrMissing``.

    The first call loads the models, which then stay loaded.
    """
    import numpy as np  # noqa: PLC0415 - only where images are read

    if min(image.size) < _LEAST_PX:
        return ""
    if image.width > _WIDTH_PX:
        image = image.resize((_WIDTH_PX, round(image.height * _WIDTH_PX / image.width) or 1))
    pixels = np.asarray(image)
    return laid_out(upright([line for band in _bands(*image.size) for line in _read(pixels, band)]))


def _bands(width: int, height: int) -> Iterator[range]:
    """Yield the rows of each band, of which neighbours share some."""
    rows = max(_BAND_PIXELS // width, 2 * _SHARED_PX)
    for top in range(0, max(1, height - _SHARED_PX), rows - _SHARED_PX):
        yield range(top, min(top + rows, height))


def _read(pixels: "NDArray[np.uint8]", band: range) -> "Iterator[tuple[str, list[Corner]]]":
    """Yield the lines of a band, but for those that are its neighbour's."""
    engine = _engine()
    try:
        # It takes colours in the order of OpenCV.
        found = engine(pixels[band.start : band.stop, :, ::-1])
    except Exception as error:
        # Pixels can be nothing but sound: what it lacks is memory, and each library says it so.
        raise MemoryError from error
    if found.boxes is None:
        return
    half = _SHARED_PX / 2
    first = band.start + half if band.start else 0
    last = band.stop - half if band.stop < len(pixels) else band.stop
    for text, box in zip(found.txts or (), found.boxes.tolist(), strict=True):
        corners = [Corner(x, band.start + y) for x, y in box]
        if first <= sum(y for _, y in corners) / len(corners) < last:
            yield text, corners


@cache
def _engine() -> "RapidOCR":
    if not is_available():
        raise OcrMissing
    import rapidocr  # noqa: PLC0415 - an extra

    models = Path(rapidocr.__file__).parent / "models"
    # What is not named it would fetch.
    paths = {
        f"{part}.model_path": str(path)
        for part in ("Det", "Rec")
        for path in models.glob(f"*_{part.lower()}_*.onnx")
    }
    return rapidocr.RapidOCR(params=_PARAMETERS | paths)
