"""The commands: they parse, print and exit; the logic is elsewhere."""

from antechamber.cli.main import main

__all__ = ["main"]
