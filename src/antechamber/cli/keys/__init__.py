"""``antechamber keys``: who may come in."""
