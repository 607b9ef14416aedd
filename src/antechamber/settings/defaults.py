"""What the configuration means where it is silent, and which entries a model id meets."""

from collections.abc import Collection, Iterable

from antechamber.settings.models import SAID_OF_MODELS, ModelSettings
from antechamber.settings.platform import PriceSettings
from antechamber.settings.schema import (
    EMBEDDED,
    EngineSettings,
    LocalEngineSettings,
    Settings,
)


def default_engines(settings: Settings) -> tuple[EngineSettings, ...]:
    """Give the engines to build: those configured, or the embedded model alone."""
    return settings.engines or (LocalEngineSettings(name=EMBEDDED),)


def default_models(settings: Settings) -> tuple[ModelSettings, ...]:
    """Give the models to serve: those that name engines, or every id on every engine in order."""
    names = tuple(engine.name for engine in default_engines(settings))
    serving = tuple(model for model in settings.models if model.engines)
    return serving or (ModelSettings(id="*", engines=names),)


def find_model(settings: Settings, model_id: str) -> ModelSettings | None:
    """Find who serves a model id, and what is said of it: its own entry, else the longest pattern.

    Entries without engines only say something: they are laid over or under the one with engines,
    the nearest to the id on top.
    """
    serving = _nearest(default_models(settings), model_id)
    if serving is None:
        return None
    saying = [each for each in settings.models if not each.engines and fits(each.id, model_id)]
    said: dict[str, object] = {}
    for model in sorted((*saying, serving), key=lambda model: _nearness(model.id, model_id)):
        said |= model.model_dump(include=SAID_OF_MODELS, exclude_none=True)
    return serving.model_copy(update=said)


def find_price(settings: Settings, names: Collection[str]) -> PriceSettings | None:
    """Find the price of a model by any of its names: an exact one, else the longest pattern."""
    fitting = [price for price in settings.prices if any(fits(price.model, name) for name in names)]
    return max(fitting, key=lambda price: _price_nearness(price.model, names), default=None)


def fits(pattern: str, model_id: str) -> bool:
    """Tell whether an id is the pattern, or begins with it where it has ``*`` at its end."""
    if pattern.endswith("*"):
        return model_id.startswith(pattern[:-1])
    return model_id == pattern


def _price_nearness(pattern: str, names: Collection[str]) -> tuple[bool, int]:
    # No name of a model is nearer than another: of exact prices the first of the file is taken.
    return (True, 0) if pattern in names else (False, len(pattern))


def _nearest(models: Iterable[ModelSettings], model_id: str) -> ModelSettings | None:
    fitting = (model for model in models if fits(model.id, model_id))
    return max(fitting, key=lambda model: _nearness(model.id, model_id), default=None)


def _nearness(pattern: str, model_id: str) -> tuple[bool, int]:
    return pattern == model_id, len(pattern)
