"""What a model is told of an image or a page that it does not see, or sees beside its text."""

_INSTEAD = "You cannot see this image. This is the text in it, as it is laid out:"
_NOTHING = "(There is no text in it that can be read.)"


def image_told(text: str) -> str:
    """Return what stands for an image before a model that sees none."""
    body = text.strip() or _NOTHING
    return f"<image>\n{_INSTEAD}\n{body}\n</image>"


def page_told(number: int, text: str, *, is_seen: bool) -> str:
    """Return the text of one page of a PDF; ``is_seen`` where its image follows."""
    body = text.strip() or ("" if is_seen else _NOTHING)
    return f'<page number="{number}">\n{body}\n</page>' if body else f'<page number="{number}"/>'
