"""``python -m antechamber`` is the command ``antechamber``."""

from antechamber.cli import main

main()
