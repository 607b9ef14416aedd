"""The table of tokens; pure."""

from collections.abc import Iterable, Sequence

from antechamber.cli.chat.conversation import Tokens

_HEAD = ("", "model", "input", "cache read", "cache write", "output")


def usage_table(usage: Sequence[Tokens]) -> list[str]:
    """Lay out one line for each request, and their sum where there are several."""
    rows = [(str(number), *_cells(tokens)) for number, tokens in enumerate(usage, start=1)]
    if len(usage) > 1:
        rows.append(("", *_cells(_sum(usage))))
    widths = [max(map(len, column)) for column in zip(_HEAD, *rows, strict=True)]
    return [_line(row, widths) for row in (_HEAD, *rows)]


def _cells(tokens: Tokens) -> tuple[str, str, str, str, str]:
    return (
        tokens.model,
        f"{tokens.input_tokens:,}",
        f"{tokens.cache_read_input_tokens:,}",
        f"{tokens.cache_creation_input_tokens:,}",
        f"{tokens.output_tokens:,}",
    )


def _sum(usage: Iterable[Tokens]) -> Tokens:
    usage = list(usage)
    return Tokens(
        model="total",
        input_tokens=sum(each.input_tokens for each in usage),
        cache_read_input_tokens=sum(each.cache_read_input_tokens for each in usage),
        cache_creation_input_tokens=sum(each.cache_creation_input_tokens for each in usage),
        output_tokens=sum(each.output_tokens for each in usage),
    )


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    number, model, *counts = (
        cell.ljust(width) if index == 1 else cell.rjust(width)
        for index, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join((number, model, *counts)).rstrip()
