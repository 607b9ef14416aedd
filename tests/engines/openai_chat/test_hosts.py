"""The table of hosts: addresses, and that every row can be written for."""

import pytest

from antechamber.engines.openai_chat.hosts import (
    HOSTS,
    host_of_address,
    quirks_of,
    split_address,
)
from tests.unit.dialects.openai_chat.scenes import OFF, ON, request, written
from tests.unit.dialects.raw_prompt.scenes import tool


@pytest.mark.parametrize(
    ("url", "split"),
    [
        ("http://gpu:8000", ("http://gpu:8000", "/v1")),
        ("http://gpu:8000/", ("http://gpu:8000", "/v1")),
        ("http://gpu:8000/v1", ("http://gpu:8000", "/v1")),
        ("http://gpu/llm/v1/", ("http://gpu/llm", "/v1")),
        ("https://openrouter.ai/api/v1", ("https://openrouter.ai/api", "/v1")),
        ("https://example.com/v1beta/openai/", ("https://example.com/v1beta/openai", "")),
    ],
)
def test_an_address_with_and_without_its_version_is_the_same(
    url: str, split: tuple[str, str]
) -> None:
    assert split_address(url) == split


def test_some_hosts_are_known_by_their_address() -> None:
    assert host_of_address("https://api.openai.com/v1") == "openai"
    assert host_of_address("http://127.0.0.1:8000") is None
    assert set(HOSTS) >= {"openai", "vllm", "sglang", "ollama", "lmstudio", "llamacpp", "generic"}


def test_a_configured_host_is_looked_up_and_auto_is_found_out() -> None:
    assert quirks_of("vllm", "https://api.openai.com/v1") is HOSTS["vllm"]
    assert quirks_of("auto", "https://api.openai.com/v1") is HOSTS["openai"]
    assert quirks_of("auto", "http://gpu:8000") is None
    with pytest.raises(ValueError, match=r"^there is no host 'nobody'; there are auto, deepseek, "):
        quirks_of("nobody", "http://gpu:8000")


@pytest.mark.parametrize("host", HOSTS)
def test_every_host_is_asked_for_a_forced_call_in_a_way_that_binds_or_is_checked(host: str) -> None:
    choice = {"type": "tool", "name": "look"}

    made = written(request("a", tools=[tool()], tool_choice=choice), HOSTS[host], ON)

    assert made.plan.must_call
    assert made.plan.checks_calls
    assert made.plan.names == {"look": "look"}
    assert "tool_choice" in made.body or made.plan.text_is_call


@pytest.mark.parametrize("host", HOSTS)
def test_every_host_is_asked_to_think_where_that_is_wanted(host: str) -> None:
    thinks, not_so = (written(request("a"), HOSTS[host], plan).body for plan in (ON, OFF))

    assert thinks != not_so


@pytest.mark.parametrize(
    ("host", "effort", "sent"),
    [
        ("generic", "max", "high"),
        ("lmstudio", "low", "low"),
        ("mistral", "low", "high"),
        ("deepseek", "max", "max"),
        ("openai", "xhigh", "xhigh"),
    ],
)
def test_effort_is_said_in_the_words_that_a_host_knows(host: str, effort: str, sent: str) -> None:
    asked = request("a", output_config={"effort": effort})

    assert written(asked, HOSTS[host], ON).body["reasoning_effort"] == sent
