from datetime import UTC, datetime

from anthropic.types import FileMetadata

from antechamber.cli.files.listing import file_table


def test_a_long_name_leaves_room_for_the_rest() -> None:
    at = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
    names = "a" * 40, "b" * 41
    files = [
        FileMetadata(
            id="file_01",
            type="file",
            filename=name,
            mime_type="text/" + "c" * 50,
            size_bytes=22,
            created_at=at,
            downloadable=False,
        )
        for name in names
    ]

    _, whole, cut = file_table(files)

    assert whole.split()[1] == "a" * 40
    assert cut.split()[1] == "b" * 39 + "…"
    assert whole.split()[2] == "text/" + "c" * 34 + "…"
