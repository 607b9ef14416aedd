"""Environment variables: ``ANTECHAMBER_<SECTION>_<FIELD>`` sets a field, others are errors."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, NamedTuple, get_args, get_origin

from antechamber.settings.keys import NOT_IN_FILE, tables_in
from antechamber.settings.problems import ConfigurationError, Location, closest
from antechamber.settings.schema import Settings

PREFIX = "ANTECHAMBER_"
CONFIG, DATA_DIR = "ANTECHAMBER_CONFIG", "ANTECHAMBER_DATA_DIR"

_SHORTER: dict[Location, str] = {("server", "api_keys"): "ANTECHAMBER_API_KEYS"}
_ONLY_IN_FILE = ("engines", "models", "tiers", "prices")
# Kubernetes puts these into every pod beside a service whose name begins with "antechamber":
# kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
_SERVICE_LINK = re.compile(
    r"\w+_SERVICE_HOST|\w+_SERVICE_PORT(_\w+)?|\w+_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?"
)
_SERVICE_ADDRESS = re.compile(r"(tcp|udp|sctp)://")
_SWITCHES: dict[str, bool] = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


class Variable(NamedTuple):
    """A variable that sets a field, its value in the field's own type where it can be read so."""

    name: str
    location: Location
    value: object


def variable_names() -> dict[Location, str]:
    """Give the variable of every field that has one."""
    fields: list[Location] = []
    tables = tables_in(Settings)
    for name in Settings.model_fields:
        if name in tables and name not in _ONLY_IN_FILE:
            fields += [(name, field) for field in tables[name][0].model_fields]
        elif name not in tables and name not in NOT_IN_FILE:
            fields.append((name,))
    return {field: _SHORTER.get(field) or _variable_name(field) for field in fields}


def read_variables(environ: Mapping[str, str]) -> list[Variable]:
    """Read every variable that sets a field; an empty one counts as not set."""
    given = dict(_ours(environ))
    return [
        Variable(name, location, _read(given[name], _annotation(location)))
        for location, name in variable_names().items()
        if name in given
    ]


def refuse_unknown_variables(environ: Mapping[str, str], *, also_known: Iterable[str]) -> None:
    """Raise ``ConfigurationError`` naming every ``ANTECHAMBER_`` variable that means nothing."""
    known = {CONFIG, DATA_DIR, *variable_names().values(), *also_known}
    unknown = sorted(name for name, _ in _ours(environ) if name not in known)
    if unknown:
        raise ConfigurationError(*(_unknown_words(name, known) for name in unknown))


def _ours(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in environ.items():
        is_link = _SERVICE_LINK.fullmatch(name) or (
            name.endswith("_PORT") and _SERVICE_ADDRESS.match(value)
        )
        if name.startswith(PREFIX) and value.strip() and not is_link:
            yield name, value.strip()


def _variable_name(location: Location) -> str:
    return PREFIX + "_".join(str(part) for part in location).upper()


def _annotation(location: Location) -> object:
    model = Settings if len(location) == 1 else tables_in(Settings)[str(location[0])][0]
    return model.model_fields[str(location[-1])].annotation


def _read(text: str, annotation: object) -> object:
    """Read the text as the field's type; what is no such thing stays text and fails later."""
    if get_origin(annotation) is tuple:
        return [part for part in map(str.strip, text.split(",")) if part]
    kinds = {annotation, *get_args(annotation)}
    kinds |= {get_args(kind)[0] for kind in kinds if get_origin(kind) is Annotated}
    if bool in kinds:
        return _SWITCHES.get(text.lower(), text)
    for number in (int, float):
        if number in kinds:
            return _number(text, number)
    return text


def _number(text: str, number: type[int] | type[float]) -> int | float | str:
    try:
        return number(text)
    except ValueError:
        return text


def _unknown_words(name: str, known: set[str]) -> str:
    rest = name.removeprefix(PREFIX)
    if rest.split("_")[0].lower() in _ONLY_IN_FILE:
        lists = f"{', '.join(_ONLY_IN_FILE[:-1])} and {_ONLY_IN_FILE[-1]}"
        return f"{name}: unknown variable; {lists} are set in the configuration file"
    meant = _meant(rest, {each.removeprefix(PREFIX) for each in known})
    hint = f" (did you mean {PREFIX}{meant}?)" if meant else ""
    return f"{name}: unknown variable{hint}"


def _meant(rest: str, known: set[str]) -> str | None:
    """Find the name that was meant: the section left out or put in needlessly, or a slip."""
    related = [each for each in known if each.endswith(f"_{rest}") or rest.endswith(f"_{each}")]
    # Of several the server's own: its port is asked for more often than that of the metrics.
    own_first = sorted(related, key=lambda each: (not each.startswith("SERVER_"), each))
    return next(iter(own_first), None) or closest(rest, sorted(known))
