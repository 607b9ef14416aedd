"""What can run a model: the modules of the child processes, and how they say that they cannot."""

from dataclasses import dataclass

CANNOT_LOAD = 4
"""Exit status of a child that cannot load its model, and never will."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """A kind of child process."""

    name: str
    module: str


LLAMACPP = Runner(name="llama.cpp", module="antechamber.engines.local.llamacpp_child")
OPENVINO = Runner(name="OpenVINO", module="antechamber.engines.local.openvino_child")
