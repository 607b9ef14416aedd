"""The log: an event name plus fields, JSON when piped, coloured for people at a terminal.

Prompts and completions never go in; secrets are wrapped in ``settings.Secret``.
"""

import logging
import sys
from typing import Literal, TextIO

import structlog

LogFormat = Literal["auto", "json", "console"]
LogLevel = Literal["debug", "info", "warning", "error"]


def configure_log(*, level: LogLevel, form: LogFormat, stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's loggers to ``stream`` in one shape.

    Without ``stream`` that is what standard error is now.
    """
    output = sys.stderr if stream is None else stream
    as_json = form == "json" or (form == "auto" and not output.isatty())
    renderer = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=output.isatty(),
            # The default one shows the local variables of every frame: prompts, keys.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # The console renderer lays out tracebacks itself.
    tracebacks = [structlog.processors.format_exc_info] if as_json else []
    number = getattr(logging, level.upper())
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.StackInfoRenderer(),
            *tracebacks,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=output),
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
