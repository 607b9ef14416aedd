"""The tables about what a team shares: limits, tiers, media, caching, usage, prices, telemetry."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, PositiveFloat, model_validator

from antechamber.settings.section import Section
from antechamber.settings.values import EngineName, Host, ModelPattern, WebAddress, none_twice

Price = Annotated[float, Field(ge=0, le=1_000_000)]
"""USD per million tokens; a dollar for each is the most."""


class TierClassSettings(Section):
    """What a tier allows on the models of one class."""

    name: ModelPattern
    """A model, a class of the catalogue's tiers.toml, or the beginning of one with ``*``."""
    requests_per_minute: Annotated[int, Field(ge=1)] | None = None
    input_tokens_per_minute: Annotated[int, Field(ge=1)] | None = None
    output_tokens_per_minute: Annotated[int, Field(ge=1)] | None = None


class TierSettings(Section):
    """A tier of one's own, or another meaning of one of the presets."""

    name: EngineName
    from_usd: Annotated[float, Field(ge=0)] | None = None
    """Spent in a month; from here on a workspace is in this tier where they are promoted."""
    monthly_cap_usd: Annotated[float, Field(gt=0)] | None = None
    count_tokens_per_minute: Annotated[int, Field(ge=1)] | None = None
    """Requests to count_tokens, which have a limit of their own."""
    batches_per_minute: Annotated[int, Field(ge=1)] | None = None
    """Requests to the endpoints of batches; those in a batch are not limited by the minute."""
    enqueued_batch_requests: Annotated[int, Field(ge=1)] | None = None
    """Requests in batches that have no result yet; ``batches.max_queued`` holds as well."""
    files_per_minute: Annotated[int, Field(ge=1)] | None = None
    """Requests to the endpoints of files."""
    classes: tuple[TierClassSettings, ...] = ()


class LimitsSettings(Section):
    """How much a workspace may ask for."""

    tier: EngineName | None = None
    """Of every workspace and key that has none of its own; None is no limit."""
    promotion: Annotated[tuple[EngineName, ...], AfterValidator(none_twice)] = ()
    """Tiers by the month's spend, the lowest first: a workspace without a tier of its own is in the
    last one whose ``from_usd`` it has spent."""
    exact_headers: bool = False
    """The hosted API rounds remaining tokens to thousands."""


class MediaSettings(Section):
    """How large what is shown to a model may be."""

    # The hosted API's limit; what is larger fails there too.
    max_image_bytes: Annotated[int, Field(ge=1024, le=10 * 1024 * 1024)] = 10 * 1024 * 1024
    """As base64, as the hosted API measures it."""
    max_pdf_bytes: Annotated[int, Field(ge=1024)] | None = None
    """As base64 too; None is the limit of the body alone."""
    processes: Annotated[int, Field(ge=1, le=64)] = 2
    """In which images and PDFs are opened, for each worker."""
    timeout_s: PositiveFloat = 60.0
    """For one image, or for one PDF; what takes longer cannot be processed."""
    process_mib: Annotated[int, Field(ge=256)] = 2048
    """Memory that each of these processes may have."""
    cache_mib: Annotated[int, Field(ge=0)] = 64
    """For what was read from images and PDFs, so that it is read once; in each worker."""


class CacheSettings(Section):
    """The account of prompt caching, for engines that keep none."""

    enabled: bool | None = None
    """None is on, where one process counts or several share a Valkey."""
    minimum_tokens: Annotated[int, Field(ge=0)] | None = None
    """None is what the model's facts say."""
    most_entries: Annotated[int, Field(ge=1)] = 100_000
    """In one process; on Valkey its own memory limit decides."""


class UsageSettings(Section):
    """How the ledger is written."""

    window_ms: Annotated[int, Field(ge=1, le=1000)] = 100
    """Rows are written in groups; what a crash can lose is no older than this."""
    synchronous: bool = False
    """Every answer then waits until its row is written."""


class PriceSettings(Section):
    """What a model costs here, USD per million tokens."""

    model: ModelPattern
    """An id or an alias, or the beginning of some with ``*`` at its end."""
    input: Price
    output: Price
    cache_write_5m: Price | None = None
    """None is 1.25 times the input price."""
    cache_write_1h: Price | None = None
    """None is twice the input price."""
    cache_read: Price | None = None
    """None is a tenth of the input price."""
    long_above_tokens: Annotated[int, Field(ge=1)] | None = None
    """A prompt of more tokens has the whole request cost the long prices."""
    long_input: Price | None = None
    """Those of the cache are then 1.25 times, twice and a tenth of this."""
    long_output: Price | None = None

    @model_validator(mode="after")
    def _long_prices_together(self) -> Self:
        long = (self.long_above_tokens, self.long_input, self.long_output)
        if None in long and any(each is not None for each in long):
            raise ValueError("long_above_tokens, long_input and long_output are set together")
        return self


class MetricsSettings(Section):
    """Where Prometheus reads."""

    enabled: bool = True
    host: Host = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """A port of its own, where no key is asked for; None is ``/metrics`` of the server itself."""

    @model_validator(mode="after")
    def _host_of_a_port(self) -> Self:
        if "host" in self.model_fields_set and self.port is None:
            raise ValueError("host has no effect without port: set port beside it, or remove host")
        return self


class TracingSettings(Section):
    """Where spans go."""

    endpoint: WebAddress | None = None
    """The base URL of an OTLP receiver over HTTP; None is no tracing."""
    sample_ratio: Annotated[float, Field(ge=0, le=1)] = 1.0
    timeout_s: PositiveFloat = 10.0


Preset = Literal["seed"]
"""Files in catalogue/presets over which the configuration is laid."""
