"""What the configuration means where it is silent, and which entry a model id meets."""

from antechamber.settings.schema import (
    EMBEDDED,
    EngineSettings,
    LocalEngineSettings,
    ModelSettings,
    Settings,
)


def default_engines(settings: Settings) -> tuple[EngineSettings, ...]:
    """Give the engines to build: those configured, or the embedded model alone."""
    return settings.engines or (LocalEngineSettings(name=EMBEDDED),)


def default_models(settings: Settings) -> tuple[ModelSettings, ...]:
    """Give the models to serve: those configured, or every id on every engine in order."""
    names = tuple(engine.name for engine in default_engines(settings))
    return settings.models or (ModelSettings(id="*", engines=names),)


def find_model(settings: Settings, model_id: str) -> ModelSettings | None:
    """Find the entry that a model id meets: its own, else the longest pattern that it fits."""
    fitting = [model for model in default_models(settings) if _fits(model.id, model_id)]
    return max(fitting, key=lambda model: (model.id == model_id, len(model.id)), default=None)


def _fits(pattern: str, model_id: str) -> bool:
    if pattern.endswith("*"):
        return model_id.startswith(pattern[:-1])
    return model_id == pattern
