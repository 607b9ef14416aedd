"""``antechamber workspaces``: what keys belong to."""
