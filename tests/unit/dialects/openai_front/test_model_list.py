from datetime import UTC, datetime

from antechamber.catalogue.facts import ModelFacts
from antechamber.catalogue.reader import load_catalogue
from antechamber.dialects.openai_front.models import model_list, model_of
from antechamber.wire.model_info import ModelInfo, model_info


def info(facts: ModelFacts) -> ModelInfo:
    return model_info(facts, window_tokens=None, image_input=False)


def test_a_model_has_the_four_fields_of_the_format() -> None:
    facts = load_catalogue().models[0]

    assert model_of(info(facts)) == {
        "id": facts.id,
        "object": "model",
        "created": int(datetime.timestamp(facts.created_at.astimezone(UTC))),
        "owned_by": "anthropic",
    }


def test_a_model_of_the_configuration_alone_is_the_servers() -> None:
    listed = model_list([info(ModelFacts.unlisted("mine"))])

    assert listed == {
        "object": "list",
        "data": [{"id": "mine", "object": "model", "created": 0, "owned_by": "antechamber"}],
    }
