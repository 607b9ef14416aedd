"""The models that a key may ask for, as they are kept."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from antechamber.cli.failures import CommandFailed
from antechamber.cli.screen import harmless, notes

if TYPE_CHECKING:
    from antechamber.catalogue.reader import Catalogue
    from antechamber.settings import Settings


def canonical_models(names: Sequence[str], settings: "Settings") -> list[str]:
    """Return their whole ids, and say which of them nothing serves; raises ``CommandFailed``."""
    from antechamber.catalogue.reader import load_catalogue

    catalogue = load_catalogue()
    for name in names:
        if "*" in name:
            raise CommandFailed(f"--model {name}: give whole ids, one option each")
        if not _is_served(name, settings, catalogue):
            notes().print(f"As it is configured, no engine serves {harmless(name)}.")
    return list(dict.fromkeys(catalogue.canonical(name) for name in names))


def _is_served(name: str, settings: "Settings", catalogue: "Catalogue") -> bool:
    from antechamber.settings import find_model

    facts = catalogue.find(name)
    names = [name] if facts is None else [name, facts.id, *facts.aliases]
    entries = [entry for each in names if (entry := find_model(settings, each))]
    # "*" alone means every id of the catalogue.
    return any(facts is not None or entry.id != "*" for entry in entries)
