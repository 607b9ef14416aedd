import json
import logging
import re
from collections.abc import Generator
from io import StringIO
from typing import Any

import pytest
import structlog

from antechamber.runtime.log import LogFormat, configure_log, event_writer

_DIGITS = re.compile(r"\d")


@pytest.fixture(autouse=True)
def as_before() -> Generator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_an_event_is_one_line_of_json() -> None:
    stream = StringIO()
    configure_log(level="info", form="auto", stream=stream)

    structlog.get_logger().info("turn", model="m", output_tokens=3, text="ä\n\u2028")

    (line,) = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "turn",
        "level": "info",
        "model": "m",
        "output_tokens": 3,
        "text": "ä\n\u2028",
    }


@pytest.mark.parametrize("form", ["json", "console"])
def test_the_short_way_writes_what_the_logger_writes(form: LogFormat) -> None:
    stream = StringIO()
    configure_log(level="info", form=form, stream=stream)

    structlog.get_logger().info("turn", model="m")
    event_writer()({"event": "turn", "model": "m"})

    first, second = [_DIGITS.sub("0", line) for line in stream.getvalue().splitlines()]
    if form == "json":
        assert json.loads(first) == json.loads(second)
    else:
        assert first == second


def test_what_is_below_the_level_is_left_out() -> None:
    stream = StringIO()
    configure_log(level="warning", form="json", stream=stream)

    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")

    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_the_standard_librarys_loggers_write_the_same_form() -> None:
    stream = StringIO()
    configure_log(level="info", form="json", stream=stream)

    logging.getLogger("uvicorn.error").warning("port %d is taken", 80)

    (line,) = lines(stream)
    assert (line["event"], line["level"]) == ("port 80 is taken", "warning")
    assert line["logger"] == "uvicorn.error"


def test_other_libraries_only_warn() -> None:
    stream = StringIO()
    configure_log(level="debug", form="json", stream=stream)

    logging.getLogger("asyncio").info("chatter")

    assert lines(stream) == []


@pytest.mark.parametrize("ours", [True, False])
def test_a_traceback_is_text_inside_the_line(ours: bool) -> None:
    stream = StringIO()
    configure_log(level="info", form="json", stream=stream)
    logger: Any = structlog.get_logger() if ours else logging.getLogger("other")

    try:
        raise RuntimeError("no luck")
    except RuntimeError as error:
        logger.error("bug", exc_info=error)

    (line,) = lines(stream)
    assert "RuntimeError: no luck" in line["exception"]


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_does_not_tell_what_the_variables_held(form: LogFormat) -> None:
    stream = StringIO()
    configure_log(level="info", form=form, stream=stream)
    prompt = "my " + "secret"

    try:
        raise RuntimeError(len(prompt))
    except RuntimeError as error:
        structlog.get_logger().error("bug", exc_info=error)

    assert "RuntimeError: 9" in stream.getvalue()
    assert prompt not in stream.getvalue()


@pytest.mark.parametrize(("stream", "coloured"), [(Terminal(), True), (StringIO(), False)])
def test_people_get_text_with_colours_where_they_look_at_it(
    stream: StringIO, coloured: bool
) -> None:
    configure_log(level="info", form="console" if not coloured else "auto", stream=stream)

    structlog.get_logger().info("turn", model="m")

    assert "turn" in stream.getvalue()
    assert ("\x1b[" in stream.getvalue()) is coloured


def test_without_a_stream_it_is_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    configure_log(level="info", form="json")

    structlog.get_logger().info("turn")

    assert json.loads(capsys.readouterr().err)["event"] == "turn"
