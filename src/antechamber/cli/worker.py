"""``antechamber worker``: work on batches beside the server, on this machine or another."""

from antechamber.cli.failures import told_plainly
from antechamber.cli.options import ConfigFile, DataDir, examples, read_settings
from antechamber.cli.screen import notes

EXAMPLES = examples(
    "antechamber worker --config antechamber.toml",
    "ANTECHAMBER_DATABASE_URL=postgresql://db.example.org/antechamber antechamber worker",
)


def worker(config: ConfigFile = None, data_dir: DataDir = None) -> None:
    """Work on batches, with the configuration of the server; needs PostgreSQL."""
    from antechamber.batch_process import run_worker

    with told_plainly():
        settings = read_settings(config, data_dir)
        run_worker(settings, _announce)


def _announce() -> None:
    notes().print("antechamber works on batches; Ctrl-C ends it.")
