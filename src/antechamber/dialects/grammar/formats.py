"""Well-formed texts of the named formats, as patterns.

In 2020-12 a format is an annotation, so a format without a pattern here is no gap. The patterns are
narrower than the formats (no 29th of February, no leap second, no quoted local part), so that every
checker takes what they match. What each may look like: RFC 3339 (times, durations), RFC 5321, RFC
1123, RFC 3986, RFC 6570, RFC 6901, RFC 4122, RFC 4291; ECMA-262 for ``regex``.
"""

from collections.abc import Mapping
from typing import Final

_DATE: Final = (
    r"[12]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])"
    r"|[12]\d{3}-(0[13-9]|1[0-2])-(29|30)"
    r"|[12]\d{3}-(0[13578]|1[02])-31"
)
_TIME: Final = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)"
_DURATION_TIME: Final = r"\d{1,4}H(\d{1,4}M(\d{1,4}S)?)?|\d{1,4}M(\d{1,4}S)?|\d{1,4}S"
_DURATION_DATE: Final = r"\d{1,4}Y(\d{1,4}M(\d{1,4}D)?)?|\d{1,4}M(\d{1,4}D)?|\d{1,4}D"
# Hyphens single: "--" in the third place is reserved for encoded international names.
_LABEL: Final = r"[a-zA-Z0-9](-?[a-zA-Z0-9]){0,19}"
_HOST: Final = rf"({_LABEL}\.){{0,2}}[a-zA-Z](-?[a-zA-Z0-9]){{0,19}}"
_ATOM: Final = r"[a-zA-Z0-9_+]"
_EMAIL: Final = rf"{_ATOM}([.-]?{_ATOM}){{0,29}}@({_LABEL}\.){{1,2}}[a-zA-Z]{{2,12}}"
_AUTHORITY: Final = r"[a-zA-Z0-9]([.-]?[a-zA-Z0-9])*(:[1-9]\d{0,3})?"
_SAFE: Final = r"([a-zA-Z0-9._~!$&'()*+,;=:@-]|%[0-9A-F]{2})"
_PATH: Final = rf"(\/{_SAFE}*)*(\?({_SAFE}|[\/?])*)?(#({_SAFE}|[\/?])*)?"
_URI: Final = rf"[a-zA-Z][a-zA-Z0-9+.-]+:\/\/{_AUTHORITY}{_PATH}"
_BYTE: Final = r"(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_GROUP: Final = r"[0-9a-fA-F]{1,4}"
_POINTER: Final = r"(\/([^~\/]|~[01])*)*"
_VARIABLES: Final = r"\{[+#.\/;?&]?[a-zA-Z0-9_]+(,[a-zA-Z0-9_]+)*\}"
_REGEX_ATOM: Final = (
    r"([a-zA-Z0-9 _,:;@#%&=<>\/!'\"~`-]|\\[dwsDWS.*+?()[\]{}|^$\\\/]|\.|"
    r"\[\^?([a-zA-Z0-9_ .]|a-z|A-Z|0-9|\\[dws])+\])"
)
_REGEX_BRANCH: Final = rf"(\^?({_REGEX_ATOM}|\(({_REGEX_ATOM}[*+?]?)+\))[*+?]?)+\$?"

_TEXTS: Final[Mapping[str, str]] = {
    "date": _DATE,
    "time": _TIME,
    "date-time": rf"({_DATE})T{_TIME}",
    "duration": rf"P(\d{{1,4}}W|T({_DURATION_TIME})|({_DURATION_DATE})(T({_DURATION_TIME}))?)",
    "email": _EMAIL,
    "idn-email": _EMAIL,
    "hostname": _HOST,
    "idn-hostname": _HOST,
    "ipv4": rf"({_BYTE}\.){{3}}{_BYTE}",
    "ipv6": (
        rf"({_GROUP}:){{7}}{_GROUP}|({_GROUP}(:{_GROUP}){{0,2}})?::({_GROUP}(:{_GROUP}){{0,3}})?"
    ),
    "uri": _URI,
    "iri": _URI,
    "uri-reference": rf"{_URI}|\/[a-zA-Z0-9._~-]{_SAFE}*{_PATH}",
    "iri-reference": rf"{_URI}|\/[a-zA-Z0-9._~-]{_SAFE}*{_PATH}",
    "uri-template": rf"({_SAFE}|\/|{_VARIABLES})*",
    "json-pointer": _POINTER,
    "relative-json-pointer": rf"(0|[1-9]\d{{0,3}})(#|{_POINTER})",
    "uuid": r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}",
    "regex": _REGEX_BRANCH,
}

FORMATS: Final[Mapping[str, str]] = {name: f"^({text})$" for name, text in _TEXTS.items()}
"""Patterns by the name of the format."""
