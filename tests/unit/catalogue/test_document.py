"""The reference page of the models is what the catalogue says."""

from pathlib import Path

from antechamber.catalogue.document import render_document
from antechamber.catalogue.reader import load_catalogue

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "models.md"


def test_the_reference_page_is_the_rendered_catalogue() -> None:
    rendered = render_document(load_catalogue())

    assert PAGE.read_text(encoding="utf-8") == rendered, (
        "python -m antechamber.catalogue.document > docs/reference/models.md"
    )


def test_every_id_and_alias_stands_on_the_reference_page() -> None:
    catalogue = load_catalogue()

    rendered = render_document(catalogue)

    assert [name for name in catalogue.by_name if f"`{name}`" not in rendered] == []
