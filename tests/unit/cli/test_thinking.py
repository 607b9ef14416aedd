import pytest

from antechamber.catalogue.reader import load_catalogue
from antechamber.cli.chat.conversation import Thinking
from antechamber.cli.chat.thinking import thinking_parameter


@pytest.mark.parametrize(
    ("model", "wanted", "parameter"),
    [
        ("claude-sonnet-5-5", "default", None),
        ("claude-sonnet-5-5", "on", {"type": "adaptive", "display": "summarized"}),
        ("claude-sonnet-5-5", "off", {"type": "between_tools"}),
        ("claude-sonnet-5-5", 2048, {"type": "enabled", "budget_tokens": 2048}),
        ("claude-haiku-4-5", "on", {"type": "enabled", "budget_tokens": 2048}),
        ("claude-haiku-4-5", "off", {"type": "disabled"}),
        ("claude-fable-5", "off", {"type": "disabled"}),
    ],
)
def test_thinking_is_asked_for_as_the_model_accepts_it(
    model: str, wanted: Thinking, parameter: object
) -> None:
    facts = load_catalogue().find(model)
    assert facts is not None

    assert thinking_parameter(wanted, facts.thinking, 4096) == parameter


def test_a_budget_is_never_less_than_the_least() -> None:
    facts = load_catalogue().find("claude-haiku-4-5")
    assert facts is not None

    parameter = thinking_parameter("on", facts.thinking, 100)

    assert parameter == {"type": "enabled", "budget_tokens": 1024}
