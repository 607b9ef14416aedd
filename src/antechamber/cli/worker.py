"""``antechamber worker``: work on batches beside the server, on this machine or another."""

from typing import Annotated

import typer

from antechamber.cli.failures import told_plainly
from antechamber.cli.options import ConfigFile, DataDir, examples, read_settings
from antechamber.cli.screen import notes

EXAMPLES = examples(
    "antechamber worker --config antechamber.toml",
    "antechamber worker --metrics-port 9465",
    "ANTECHAMBER_DATABASE_URL=postgresql://db.example.org/antechamber antechamber worker",
)

_MetricsPort = Annotated[
    int | None,
    typer.Option(
        "--metrics-port",
        min=1,
        max=65_535,
        help="Port for GET /metrics of this process, at metrics.host. [default: none]",
        show_default=False,
    ),
]


def worker(
    config: ConfigFile = None, data_dir: DataDir = None, metrics_port: _MetricsPort = None
) -> None:
    """Work on batches, with the configuration of the server; needs PostgreSQL."""
    from antechamber.batch_process import run_worker

    with told_plainly():
        settings = read_settings(config, data_dir)
        run_worker(settings, _announce, metrics_port=metrics_port)


def _announce() -> None:
    notes().print("antechamber works on batches; Ctrl-C ends it.")
