"""The one rule about who can reach the server: beyond this machine only with a key."""

from ipaddress import ip_address

from antechamber.settings.problems import ConfigurationError
from antechamber.settings.schema import Settings

_REFUSAL = """\
server.host: {host} can be reached from other machines, and there is no API key yet.
Make one, and start again:
  antechamber keys create --name first
or, where nothing is kept, give one in the environment, in the same shell:
  export ANTECHAMBER_API_KEYS="$(python3 -c 'import secrets; print(secrets.token_urlsafe(32))')"
or keep one in the configuration file:
  [server]
  api_keys = ["…"]
or serve this machine alone: host = "127.0.0.1"."""


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches ``host``; a name that is not ``localhost`` may not."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def require_keys_beyond_loopback(settings: Settings, *, are_created: bool) -> None:
    """Raise ``ConfigurationError`` where strangers could use the server without a key.

    ``are_created`` is whether there are any beside those of the configuration.
    """
    has_keys = are_created or bool(settings.server.api_keys)
    if not has_keys and not is_loopback(settings.server.host):
        raise ConfigurationError(_REFUSAL.format(host=settings.server.host))
