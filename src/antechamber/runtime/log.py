"""The log: an event name plus fields, JSON when piped, coloured for people at a terminal.

Prompts and completions never go in; secrets are wrapped in ``settings.Secret``.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Literal, TextIO

import structlog

LogFormat = Literal["auto", "json", "console"]
LogLevel = Literal["debug", "info", "warning", "error"]


def configure_log(*, level: LogLevel, form: LogFormat, stream: TextIO = sys.stderr) -> None:
    """Send structlog and the standard library's loggers to ``stream`` in one shape."""
    as_json = form == "json" or (form == "auto" and not stream.isatty())
    renderer = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    number = getattr(logging, level.upper())
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.StackInfoRenderer(),
            *([structlog.processors.format_exc_info] if as_json else []),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _name_as_logger],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(number, logging.WARNING))


def _name_as_logger(
    logger: logging.Logger, _method: str, event: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    event["logger"] = logger.name
    return event
