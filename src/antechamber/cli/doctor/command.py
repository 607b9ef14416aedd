"""``antechamber doctor``: check everything, and say what to do."""

from collections.abc import Mapping
from pathlib import Path

import typer

from antechamber.cli.doctor.finding import Finding, Status, broken
from antechamber.cli.failures import FAILED
from antechamber.cli.options import ConfigFile, DataDir, Host, Port, examples, read_settings
from antechamber.cli.screen import results

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
    host: Host = None, port: Port = None, config: ConfigFile = None, data_dir: DataDir = None
) -> None:
    """Check configuration, database, engines, disk and port, and say what to do. Changes nothing.

    Give it the options that you give to serve.
    """
    findings = _findings(config, data_dir, {"server.host": host, "server.port": port})
    _print(findings)
    if any(finding.status == "broken" for finding in findings):
        raise typer.Exit(FAILED)


def _findings(
    config: Path | None, data_dir: Path | None, overrides: Mapping[str, object]
) -> list[Finding]:
    from antechamber.cli.doctor.doors import check_exposure, check_port
    from antechamber.cli.doctor.engines import check_engines
    from antechamber.cli.doctor.machine import check_disk, check_python
    from antechamber.cli.doctor.state import (
        check_configuration,
        check_data_dir,
        check_database,
        check_secrets,
    )
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
        check_database(settings),
        check_disk(settings.data_dir),
        *check_engines(settings, default_engines(settings)),
        check_port(settings.server),
        check_exposure(settings),
    ]


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
