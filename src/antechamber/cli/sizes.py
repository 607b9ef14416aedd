"""Numbers of bytes as people read them."""

_UNITS = ("B", "kB", "MB", "GB", "TB")


def size_words(size_bytes: int) -> str:
    """Write a size with two or three figures: ``98 MB``, ``4.1 GB``."""
    size, unit = float(size_bytes), 0
    # 999.5 would be written as 1000.
    while size >= 999.5 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.1f} {_UNITS[unit]}" if unit and size < 9.95 else f"{size:.0f} {_UNITS[unit]}"
