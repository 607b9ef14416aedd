from antechamber.cli.chat.conversation import Tokens
from antechamber.cli.chat.usage import usage_table


def test_columns_are_as_wide_as_their_longest_number() -> None:
    table = usage_table(
        [
            Tokens(model="small", input_tokens=5, output_tokens=6),
            Tokens(
                model="a-longer-name",
                input_tokens=12_345,
                cache_read_input_tokens=2_048,
                cache_creation_input_tokens=7,
                output_tokens=900,
            ),
        ]
    )

    assert table == [
        "   model           input  cache read  cache write  output",
        "1  small               5           0            0       6",
        "2  a-longer-name  12,345       2,048            7     900",
        "   total          12,350       2,048            7     906",
    ]


def test_one_request_needs_no_total() -> None:
    table = usage_table([Tokens(model="small", input_tokens=5, output_tokens=6)])

    assert len(table) == 2
