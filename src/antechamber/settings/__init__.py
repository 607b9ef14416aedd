"""Frozen configuration; the only reader of the environment and of the TOML files."""

from antechamber.settings.defaults import (
    default_engines,
    default_models,
    find_model,
    find_price,
)
from antechamber.settings.exposure import is_loopback, require_keys_beyond_loopback
from antechamber.settings.loading import load_settings
from antechamber.settings.models import ModelSettings
from antechamber.settings.platform import (
    CacheSettings,
    LimitsSettings,
    MediaSettings,
    MetricsSettings,
    PriceSettings,
    TierClassSettings,
    TierSettings,
    TracingSettings,
    UsageSettings,
)
from antechamber.settings.problems import ConfigurationError
from antechamber.settings.schema import (
    EngineSettings,
    FetchSettings,
    GeminiEngineSettings,
    LocalEngineSettings,
    LogSettings,
    MessagesApiEngineSettings,
    OpenAIChatEngineSettings,
    RoutingSettings,
    ScriptedEngineSettings,
    ServerSettings,
    Settings,
    UpstreamEngineSettings,
)
from antechamber.settings.secret import Secret
from antechamber.settings.secrets_file import Secrets, SigningKey, load_or_create_secrets
from antechamber.settings.sharing import (
    keeps_cache_account,
    require_shared_counts,
    require_shared_tiers,
)
from antechamber.settings.storage import BatchesSettings, FilesSettings, HousekeepingSettings

__all__ = [
    "BatchesSettings",
    "CacheSettings",
    "ConfigurationError",
    "EngineSettings",
    "FetchSettings",
    "FilesSettings",
    "GeminiEngineSettings",
    "HousekeepingSettings",
    "LimitsSettings",
    "LocalEngineSettings",
    "LogSettings",
    "MediaSettings",
    "MessagesApiEngineSettings",
    "MetricsSettings",
    "ModelSettings",
    "OpenAIChatEngineSettings",
    "PriceSettings",
    "RoutingSettings",
    "ScriptedEngineSettings",
    "Secret",
    "Secrets",
    "ServerSettings",
    "Settings",
    "SigningKey",
    "TierClassSettings",
    "TierSettings",
    "TracingSettings",
    "UpstreamEngineSettings",
    "UsageSettings",
    "default_engines",
    "default_models",
    "find_model",
    "find_price",
    "is_loopback",
    "keeps_cache_account",
    "load_or_create_secrets",
    "load_settings",
    "require_keys_beyond_loopback",
    "require_shared_counts",
    "require_shared_tiers",
]
