"""An engine that plays the replies of a script: for tests of apps, and for ours."""

from antechamber.engines.scripted.engine import ScriptedEngine
from antechamber.engines.scripted.reader import ScriptError, load_script

__all__ = ["ScriptError", "ScriptedEngine", "load_script"]
