"""``ModelInfo`` as the newest SDK reads it, and as the lesser of catalogue, engine and server."""

import dataclasses
import json
from typing import Any

import pytest
from anthropic.types import ModelInfo
from anthropic.types.beta import BetaModelInfo
from pydantic import BaseModel, TypeAdapter

from antechamber.catalogue.facts import ModelFacts
from antechamber.catalogue.reader import load_catalogue
from antechamber.wire.encoding import encode_json
from antechamber.wire.model_info import ServerFeatures, model_info

CATALOGUE = load_catalogue()
ALL_FEATURES = ServerFeatures(**{field.name: True for field in dataclasses.fields(ServerFeatures)})


def described(model_id: str, **changes: Any) -> Any:
    facts = CATALOGUE.find(model_id) or ModelFacts.unlisted(model_id)
    able: dict[str, Any] = {
        "window_tokens": None,
        "image_input": True,
        "features": ALL_FEATURES,
    }
    return json.loads(encode_json(model_info(facts, **(able | changes))))


def keys_and_types(shape: type[BaseModel], value: dict[str, Any], path: str = "") -> list[str]:
    """Every key that the SDK's type declares is there, and no other."""
    strays = set(value) ^ set(shape.model_fields)
    faults = [f"{path}{key}" for key in strays]
    for name, field in shape.model_fields.items():
        nested = [
            kind
            for kind in (field.annotation, *getattr(field.annotation, "__args__", ()))
            if isinstance(kind, type) and issubclass(kind, BaseModel)
        ]
        if nested and isinstance(value.get(name), dict):
            faults += keys_and_types(nested[0], value[name], f"{path}{name}.")
    return faults


@pytest.mark.parametrize("name", [*(facts.id for facts in CATALOGUE.models), "my-own-model"])
def test_every_model_is_a_model_info_of_the_newest_sdk(name: str) -> None:
    info, beta = described(name), described(name, beta=True)

    TypeAdapter(ModelInfo).validate_json(json.dumps(info), strict=True)
    TypeAdapter(BetaModelInfo).validate_json(json.dumps(beta), strict=True)
    assert keys_and_types(ModelInfo, info) == []
    assert keys_and_types(BetaModelInfo, beta) == []


def test_a_current_model_reads_as_the_hosted_api_describes_it() -> None:
    info = described("claude-opus-5")

    assert info["id"] == "claude-opus-5"
    assert info["type"] == "model"
    assert info["display_name"] == "Claude Opus 5"
    assert info["created_at"] == "2026-07-24T00:00:00Z"
    assert info["line"] == "opus"
    assert (info["max_input_tokens"], info["max_tokens"]) == (1_000_000, 128_000)
    assert info["capabilities"]["thinking"] == {
        "supported": True,
        "types": {
            "adaptive": {"supported": True},
            "between_tools": {"supported": False},
            "disabled": {"supported": True},
            "enabled": {"supported": False},
        },
    }
    assert info["capabilities"]["effort"]["xhigh"] == {"supported": True}
    assert info["capabilities"]["context_management"] == {
        "supported": True,
        "clear_thinking_20251015": {"supported": True},
        "clear_tool_uses_20250919": {"supported": True},
        "compact_20260112": {"supported": True},
    }


def test_dates_are_null_while_a_model_is_active() -> None:
    info = described("claude-opus-5")

    assert (info["lifecycle"], info["deprecated_at"], info["retires_at"]) == ("active", None, None)


def test_a_retired_model_names_both_dates() -> None:
    info = described("claude-3-5-sonnet-20241022")

    assert info["lifecycle"] == "retired"
    assert info["deprecated_at"] == "2025-08-13T00:00:00Z"
    assert info["retires_at"] == "2025-10-28T00:00:00Z"


@pytest.mark.parametrize(
    ("model_id", "engine_window", "shown"),
    [
        ("claude-opus-5", 8_192, 8_192),
        ("claude-haiku-4-5", 1_000_000, 200_000),
        ("claude-haiku-4-5", None, 200_000),
        ("my-own-model", 4_096, 4_096),
        ("my-own-model", None, None),
    ],
)
def test_the_window_is_the_lesser_of_catalogue_and_engine(
    model_id: str, engine_window: int | None, shown: int | None
) -> None:
    assert described(model_id, window_tokens=engine_window)["max_input_tokens"] == shown


def test_the_output_cap_stays_the_catalogues() -> None:
    assert described("claude-opus-5", window_tokens=8_192)["max_tokens"] == 128_000


def test_images_need_an_engine_that_takes_them_and_pdfs_none() -> None:
    blind = described("claude-opus-5", image_input=False)["capabilities"]
    old = described("claude-3-opus-20240229")["capabilities"]

    assert blind["image_input"] == {"supported": False}
    assert blind["pdf_input"] == {"supported": True}  # its text is told
    assert old["image_input"] == {"supported": True}
    assert old["pdf_input"] == {"supported": False}  # the model itself reads none


def test_what_the_server_does_not_do_is_not_promised() -> None:
    capabilities = described("claude-opus-5", features=ServerFeatures(), beta=True)["capabilities"]

    assert capabilities["code_execution"] == {"supported": False}
    for name in ("compaction", "context_management", "server_tools"):
        assert not capabilities[name]["supported"]
        assert all(leaf in (False, {"supported": False}) for leaf in capabilities[name].values())


def test_a_model_without_thinking_accepts_disabled_alone() -> None:
    thinking = described("claude-3-haiku-20240307")["capabilities"]["thinking"]

    assert thinking["supported"] is False
    assert [name for name, leaf in thinking["types"].items() if leaf["supported"]] == ["disabled"]


def test_only_the_beta_shape_has_fallbacks_and_compaction() -> None:
    plain, beta = described("claude-opus-5"), described("claude-opus-5", beta=True)

    assert "allowed_fallback_models" not in plain
    assert "compaction" not in plain["capabilities"]
    assert beta["allowed_fallback_models"] == []
    assert beta["capabilities"]["compaction"] == {
        "supported": True,
        "summarize": {"supported": True},
    }
