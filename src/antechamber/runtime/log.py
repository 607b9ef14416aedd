"""The log: an event name plus fields, JSON when piped, coloured for people at a terminal.

Prompts and completions never go in; secrets are wrapped in ``settings.Secret``.
"""

import logging
import sys
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Literal, TextIO

import msgspec
import structlog
from structlog.typing import EventDict

LogFormat = Literal["auto", "json", "console"]
LogLevel = Literal["debug", "info", "warning", "error"]


def configure_log(*, level: LogLevel, form: LogFormat, stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's loggers to ``stream`` in one shape.

    Without ``stream`` that is what standard error is now.
    """
    output = sys.stderr if stream is None else stream
    as_json = form == "json" or (form == "auto" and not output.isatty())
    renderer = (
        _as_json
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=output.isatty(),
            # The default one shows the local variables of every frame: prompts, keys.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    shared = [structlog.processors.add_log_level, _timed]
    # The console renderer lays out tracebacks itself.
    tracebacks = [structlog.processors.format_exc_info] if as_json else []
    number = getattr(logging, level.upper())
    structlog.configure(
        processors=[
            *shared,
            *tracebacks,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=output),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *tracebacks,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(number, logging.WARNING))


def event_writer() -> Callable[[dict[str, object]], None]:
    """Return what writes an event of level info as it is configured now, in fewer steps.

    The logger itself costs twice as much as the line, and one is written for every request.
    """
    config = structlog.get_config()
    render, write = config["processors"][-1], config["logger_factory"]().msg
    if not structlog.get_logger().is_enabled_for(logging.INFO):
        return lambda _event: None

    def tell(event: dict[str, object]) -> None:
        # What the processors before the renderer do for an event that is no exception's.
        event["level"] = "info"
        write(render(None, "info", _timed(None, "info", event)))

    return tell


_LINE_BREAKS = {0x85: r"\u0085", 0x2028: r"\u2028", 0x2029: r"\u2029"}
"""What readers of lines may take for the end of one."""


def _timed(_logger: object, _method: str, event: EventDict) -> EventDict:
    now = time.time()
    event["timestamp"] = f"{_second(int(now))}.{int(now % 1 * 1_000_000):06}Z"
    return event


@lru_cache(maxsize=1)
def _second(since_1970: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(since_1970))


def _as_json(_logger: object, _method: str, event: EventDict) -> str:
    # One line is written for every request, and this takes a tenth of what json.dumps does.
    line = msgspec.json.encode(event, enc_hook=repr).decode()
    return line if line.isascii() else line.translate(_LINE_BREAKS)
