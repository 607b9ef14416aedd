"""A configuration on its way to being one: tables, and who wrote what in them."""

from pathlib import Path

from pydantic import ValidationError
from pydantic_core import to_json

from antechamber.settings.presets import Table, is_table, laid_over, read_preset
from antechamber.settings.problems import ConfigurationError, Location, dotted
from antechamber.settings.schema import Settings
from antechamber.settings.wording import Problem, problems_in


class Draft:
    """The file's tables with later values laid over them; remembers where each came from."""

    def __init__(self, *, label: str, tables: Table) -> None:
        self._label = label
        self._tables = tables
        self._origins: dict[Location, str] = {}

    def place(self, location: Location, value: object, *, origin: str) -> None:
        """Lay a value over the file's; ``origin`` is what a complaint about it begins with."""
        *outer, key = map(str, location)
        table = self._tables
        for part in outer:
            inner = table.setdefault(part, {})
            if not is_table(inner):
                return  # the file is wrong here, and that is what will be said
            table = inner
        table[key] = value
        self._origins[location] = origin

    def validated(self, *, data_dir: Path, source: Path | None) -> Settings:
        """Make the settings of it, or raise ``ConfigurationError`` with every problem.

        Whatever was placed goes before the preset that is named in it.
        """
        tables = laid_over(read_preset(self._tables.get("preset")), self._tables)
        whole = {**tables, "data_dir": data_dir, "source": source}
        beside = source.parent if source else Path.cwd()
        try:
            # As JSON, because strict there still lets a list be a tuple and a string be a path.
            return Settings.model_validate_json(to_json(whole), context=beside)
        except ValidationError as error:
            problems = problems_in(error, root=Settings)
            raise ConfigurationError(*map(self._line, problems)) from error

    def _line(self, problem: Problem) -> str:
        for length in range(len(problem.location), 0, -1):
            if origin := self._origins.get(problem.location[:length]):
                return f"{origin}: {problem.words}"
        return f"{self._label}: {dotted(problem.location)}: {problem.words}"
