"""``antechamber doctor``: check everything, and say what to do."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from antechamber.cli.bookkeeping import utc_now
from antechamber.cli.doctor.finding import Finding, Status, broken
from antechamber.cli.failures import FAILED
from antechamber.cli.options import (
    ConfigFile,
    DataDir,
    Host,
    Port,
    Workers,
    examples,
    read_settings,
)
from antechamber.cli.screen import results

if TYPE_CHECKING:
    from antechamber.settings import Settings

EXAMPLES = examples(
    "antechamber doctor",
    "antechamber doctor --port 9000 --config antechamber.toml",
)
_MARKS: dict[Status, tuple[str, str]] = {
    "well": ("✓", "green"),
    "doubtful": ("!", "bold yellow"),
    "broken": ("✗", "bold red"),
}


def doctor(
    host: Host = None,
    port: Port = None,
    workers: Workers = None,
    config: ConfigFile = None,
    data_dir: DataDir = None,
) -> None:
    """Check configuration, database, engines, disk and ports, and say what to do; change nothing.

    Give it the options that you give to serve.
    """
    overrides = {"server.host": host, "server.port": port, "server.workers": workers}
    findings = _findings(config, data_dir, overrides)
    _print(findings)
    if any(finding.status == "broken" for finding in findings):
        raise typer.Exit(FAILED)


def _findings(
    config: Path | None, data_dir: Path | None, overrides: Mapping[str, object]
) -> list[Finding]:
    from antechamber.cli.doctor.doors import check_port
    from antechamber.cli.doctor.engines import check_engines
    from antechamber.cli.doctor.machine import check_disk, check_python, check_reading
    from antechamber.cli.doctor.state import check_configuration, check_data_dir, check_secrets
    from antechamber.media.scans import is_available
    from antechamber.settings import ConfigurationError, default_engines

    try:
        settings = read_settings(config, data_dir, overrides)
    except ConfigurationError as error:
        remedy = "docs/reference/configuration.md has every key; what depends on it was not checked"
        return [check_python(), broken("configuration", str(error), remedy)]
    return [
        check_python(),
        check_configuration(settings),
        check_data_dir(settings.data_dir),
        check_secrets(settings.data_dir),
        check_disk(settings.data_dir),
        *check_engines(settings, default_engines(settings)),
        check_reading(is_installed=is_available()),
        check_port(settings.server),
        *_findings_of_sharing(settings),
    ]


def _findings_of_sharing(settings: "Settings") -> list[Finding]:
    from antechamber.cli.doctor.doors import check_exposure
    from antechamber.cli.doctor.sharing import (
        check_cache,
        check_files_place,
        check_limits,
        check_metrics_port,
        check_shared_place,
    )
    from antechamber.cli.doctor.state import check_database
    from antechamber.operations.administration.database_state import look_at_database
    from antechamber.settings import ConfigurationError

    state = None
    try:
        state = look_at_database(settings, now=utc_now())
        # Who may come in is in the database: where it is away, that is the one thing to mend.
        found = [check_database(state), check_exposure(settings, state)]
    except ConfigurationError as error:
        found = [broken("database", str(error))]
    more = (
        check_limits(settings, state),
        check_cache(settings),
        check_files_place(settings),
        check_shared_place(settings),
        check_metrics_port(settings),
    )
    return [*found, *(finding for finding in more if finding is not None)]


def _print(findings: list[Finding]) -> None:
    out = results()
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        mark, style = _MARKS[finding.status]
        first, *more = finding.words.splitlines()
        out.print(mark, style=style, end=f" {finding.subject:<{width}}  ")
        out.print(first)
        for line in more:
            out.print(f"{'':<{width + 4}}{line}")
        if finding.remedy is not None:
            out.print(f"{'':<{width + 4}}→ {finding.remedy}", style="bold")
    out.print()
    out.print(summary(findings), style="bold")


def summary(findings: list[Finding]) -> str:
    """Say in one line how it stands."""
    wrong = sum(finding.status == "broken" for finding in findings)
    unclear = sum(finding.status == "doubtful" for finding in findings)
    if wrong:
        return f"{wrong} to mend" + (f", {unclear} to look at" if unclear else "")
    return f"It will serve; {unclear} to look at." if unclear else "All is well."
