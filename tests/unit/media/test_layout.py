"""Pieces of text become lines."""

from math import cos, radians, sin

from antechamber.media.layout import Corner, Piece, laid_out, spread, upright


def piece(text: str, left: float, top: float) -> Piece:
    """Return text in letters that are 10 wide and 20 high."""
    return Piece(text, left, top, left + 10 * len(text), top + 20)


def test_pieces_in_any_order_become_lines_from_top_to_bottom() -> None:
    text = laid_out([piece("three", 0, 60), piece("one", 0, 0), piece("two", 0, 30)])

    assert text == "one\ntwo\nthree"


def test_cells_stand_below_each_other() -> None:
    rows = [("Part", "On the shelf", "Price"), ("A-17", "412", "0.35"), ("B-3", "7", "12.00")]
    pieces = [
        piece(cell, 250 * column, 30 * row + column)
        for row, cells in enumerate(rows)
        for column, cell in enumerate(cells)
    ]

    first, *others = laid_out(pieces).splitlines()

    assert first == "Part                     On the shelf             Price"
    assert [line.index(cells[1]) for line, cells in zip(others, rows[1:], strict=True)] == [25, 25]
    assert [line.index(cells[2]) for line, cells in zip(others, rows[1:], strict=True)] == [50, 50]


def test_what_is_indented_stays_so() -> None:
    text = laid_out([piece("def f():", 100, 0), piece("return 1", 140, 30)])

    assert text == "def f():\n    return 1"


PROSE = [f"this is line number {number} of it all" for number in range(6)]


def test_columns_of_prose_follow_each_other_below_a_title() -> None:
    left = [piece(line, 0, 100 + 30 * row) for row, line in enumerate(PROSE)]
    right = [piece(line.upper(), 400, 110 + 30 * row) for row, line in enumerate(PROSE)]

    text = laid_out([piece("A title that goes over both of the columns", 100, 0), *right, *left])

    title, *lines = text.splitlines()
    assert title.strip() == "A title that goes over both of the columns"
    assert lines == [*PROSE, *(line.upper() for line in PROSE)]


def test_labels_with_their_values_are_no_columns() -> None:
    pieces = [piece(line, 0, 30 * row) for row, line in enumerate(PROSE)]
    pieces += [piece(str(row), 400, 30 * row) for row in range(6)]

    lines = laid_out(pieces).splitlines()

    assert [line.split() for line in lines] == [
        [*line.split(), str(row)] for row, line in enumerate(PROSE)
    ]


def test_a_sheet_that_is_askew_is_laid_straight() -> None:
    angle = radians(2)

    def turned(text: str, left: float, top: float) -> tuple[str, list[Corner]]:
        right, bottom = left + 10 * len(text), top + 20
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        return text, [
            Corner(x * cos(angle) - y * sin(angle), x * sin(angle) + y * cos(angle))
            for x, y in corners
        ]

    # At the end of the first line the second is nearer than the beginning of the first.
    pieces = upright(
        [
            turned(f"{word} {number}", 700 * number, 25 * row)
            for number in range(3)
            for row, word in enumerate(["first", "second"])
        ]
    )

    assert [line.split() for line in laid_out(pieces).splitlines()] == [
        ["first", "0", "first", "1", "first", "2"],
        ["second", "0", "second", "1", "second", "2"],
    ]


def test_texts_that_touch_are_told_apart_and_those_far_away_are_not_lost() -> None:
    assert spread([("a", 0), ("b", 1), ("c", 10_000)], 0, 10) == "a b" + " " * 120 + "c"


def test_numbers_that_are_none_leave_a_space() -> None:
    nothing, endless = float("nan"), float("inf")

    assert spread([("a", 0), ("b", nothing), ("c", endless)], 0, 10) == "a b c"
    assert spread([("a", 0), ("b", 50)], nothing, 10) == "a b"
    assert spread([("a", 0), ("b", 50)], 0, 0) == "a b"


def test_nothing_is_laid_out_as_nothing() -> None:
    assert laid_out([]) == ""
    assert laid_out(upright([])) == ""


def test_thousands_of_lines_far_apart_are_no_matter() -> None:
    text = laid_out([piece(f"line {number}", 0, 100 * number) for number in range(5_000)])

    assert text.splitlines() == [f"line {number}" for number in range(5_000)]
