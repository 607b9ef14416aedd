import pytest

from antechamber.dialects.gemini.model_names import model_path, resource_name
from antechamber.wire.errors import NotFound


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gemini-3.7-flash", "/models/gemini-3.7-flash"),
        ("models/gemini-3.7-flash", "/models/gemini-3.7-flash"),
        ("tunedModels/my-model-7x", "/tunedModels/my-model-7x"),
        ("gemini-flash:free", "/models/gemini-flash%3Afree"),
        ("gemini-a:countTokens", "/models/gemini-a%3AcountTokens"),
    ],
)
def test_a_name_has_a_collection_and_nothing_that_divides_a_path(model: str, path: str) -> None:
    assert model_path(resource_name(model)) == path


@pytest.mark.parametrize(
    "model",
    [
        *("", ".", "..", "models/", "models/..", "tunedModels/..", "/gemini", "gemini/"),
        *("gemini-a/../../../y?z=1", "gemini-a/b", "models/gemini-a/b", "files/abc"),
        *("models/models/a", "gemini-a%2f..%2fb", "gemini-a?b", "gemini-a#b", "gemini-a\\b"),
        *("gemini a", "gemini-a\r\nx: y", "gemini-a\n", "gemini-é"),
    ],
)
def test_what_would_lead_elsewhere_is_no_model(model: str) -> None:
    with pytest.raises(NotFound) as refusal:
        resource_name(model)
    assert refusal.value.message == f"model: {model}"
