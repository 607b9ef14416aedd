"""The keys of a GGUF file, read one after the other until the wanted ones are there."""

import struct
from collections.abc import Collection, Generator
from pathlib import Path
from typing import BinaryIO

# github.com/ggml-org/ggml/blob/master/docs/gguf.md; everything is little-endian.
_HEADER = struct.Struct("<4sIQQ")
_LENGTH = struct.Struct("<Q")
_KIND = struct.Struct("<I")
_NUMBERS = {
    0: struct.Struct("<B"),
    1: struct.Struct("<b"),
    2: struct.Struct("<H"),
    3: struct.Struct("<h"),
    4: struct.Struct("<I"),
    5: struct.Struct("<i"),
    6: struct.Struct("<f"),
    7: struct.Struct("<?"),
    10: struct.Struct("<Q"),
    11: struct.Struct("<q"),
    12: struct.Struct("<d"),
}
_STRING = 8
_LIST = 9

Value = int | float | str | list["Value"]


def read_keys(path: Path, wanted: Collection[str]) -> dict[str, Value]:
    """Return those of the ``wanted`` keys that the file has, and read no further than needed.

    Raises ``OSError``, and ``ValueError`` for a file that is none.
    """
    found: dict[str, Value] = {}
    with path.open("rb") as file:
        try:
            for key, value in _keys(file):
                if key in wanted:
                    found[key] = value
                    if len(found) == len(wanted):
                        break
        except (struct.error, KeyError) as error:
            message = "the keys of the model file cannot be read"
            raise ValueError(message) from error
    return found


def _keys(file: BinaryIO) -> Generator[tuple[str, Value], None, None]:
    _, _, _, count = _HEADER.unpack(file.read(_HEADER.size))
    for _ in range(count):
        key = _string(file)
        yield key, _value(file, _number(file, _KIND))


def _value(file: BinaryIO, kind: int) -> Value:
    if kind == _STRING:
        return _string(file)
    if kind == _LIST:
        return _list(file)
    number = _NUMBERS[kind]
    return number.unpack(file.read(number.size))[0]


def _list(file: BinaryIO) -> list[Value]:
    kind, count = _number(file, _KIND), _number(file, _LENGTH)
    if kind in (_STRING, _LIST):
        return [_value(file, kind) for _ in range(count)]
    form = _NUMBERS[kind].format
    return list(struct.unpack(f"<{count}{form[1:]}", file.read(count * _NUMBERS[kind].size)))


def _string(file: BinaryIO) -> str:
    return file.read(_number(file, _LENGTH)).decode("utf-8", "replace")


def _number(file: BinaryIO, form: struct.Struct) -> int:
    return form.unpack(file.read(form.size))[0]
