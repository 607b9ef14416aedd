"""The table of models: who serves an id, and what is said of it."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, PositiveFloat, model_validator

from antechamber.settings.section import Section
from antechamber.settings.values import EngineName, ModelPattern, none_twice

SAID_OF_MODELS = {
    "upstream_model",
    "window_tokens",
    "max_output_tokens",
    "display_name",
    "image_input",
    "image_long_edge_px",
    "image_tokens",
}
"""Fields that have a meaning without engines."""


class ModelSettings(Section):
    """Which engines serve a model id, and what they call the model."""

    id: ModelPattern
    engines: Annotated[tuple[EngineName, ...], Field(min_length=1), AfterValidator(none_twice)] = ()
    """Asked in this order; none are those that the id has without this entry."""
    weights: tuple[PositiveFloat, ...] = ()
    """One for each engine: how often it is asked first."""
    upstream_model: Annotated[str, Field(min_length=1)] | None = None
    window_tokens: Annotated[int, Field(ge=256)] | None = None
    max_output_tokens: Annotated[int, Field(ge=1)] | None = None
    display_name: Annotated[str, Field(min_length=1)] | None = None
    image_input: bool | None = None
    """False: the model sees no images, so they are read out to it."""
    image_long_edge_px: Annotated[int, Field(ge=1)] | None = None
    """To which an image is shrunk; what of it may cost most remains."""
    image_tokens: Literal["patches", "area"] | None = None
    """What an image costs: its patches of 28 by 28 pixels, or its area by 750."""

    @model_validator(mode="after")
    def _a_weight_for_each_engine(self) -> Self:
        if self.weights and len(self.weights) != len(self.engines):
            raise ValueError("weights must have one number for each of engines")
        return self

    @model_validator(mode="after")
    def _something_is_said(self) -> Self:
        if not self.engines and SAID_OF_MODELS.isdisjoint(self.model_fields_set):
            raise ValueError("engines is needed where nothing else is said of it")
        return self
