"""Claude on Amazon Bedrock, through InvokeModel: addresses, body, errors and stream of that door.

Source: docs.aws.amazon.com/bedrock/latest/APIReference (InvokeModel,
InvokeModelWithResponseStream, CountTokens), and what the SDK's ``AnthropicBedrock`` sends.
"""

import base64
import re
from collections.abc import Callable, Collection, Mapping
from urllib.parse import quote

import msgspec

from antechamber.engines.base import RelayOrder
from antechamber.engines.messages_api.authentication import Authentication
from antechamber.engines.messages_api.bedrock_stream import BedrockStream
from antechamber.engines.messages_api.cloud_errors import in_envelope, status_meant
from antechamber.engines.messages_api.host import FrameDecoder, Outgoing
from antechamber.engines.messages_api.host_features import (
    Fitted,
    fitted,
    host_features,
    prepared,
)
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import EngineFailed, NotFound
from antechamber.wire.splice import Edits, field_of, with_fields

_VERSION = "bedrock-2023-05-31"
_VERSIONS_AS_THEY_ARE = ("2026-10-21",)
"""From version 2 on the SDK names the API's own version here."""
_USER_PROFILE = "anthropic-user-profile-id"
_REGIONS = ("apac", "au", "ca", "eu", "global", "jp", "us", "us-gov")
"""What an id of an inference profile across regions begins with."""
_NO_NAMES = (".", "..")
"""Encoding leaves them as they are, and they would lead to another address."""
_DATED = re.compile(r"-\d{8}$")
_MEANT: Mapping[str, int] = {
    "expiredtokenexception": 401,
    "incompletesignatureexception": 401,
    "invalidsignatureexception": 401,
    "missingauthenticationtokenexception": 401,
    "modelnotreadyexception": 529,
    "servicequotaexceededexception": 429,
    "unrecognizedclientexception": 401,
}
"""Exceptions whose HTTP status says something else than the Messages API says by it."""


class _Counted(msgspec.Struct):
    input_tokens: int = msgspec.field(name="inputTokens")


class BedrockHost:
    """Bedrock's runtime in one region."""

    def __init__(
        self,
        region: str,
        authentication: Authentication,
        *,
        canonical: Callable[[str], str],
        base_url: str | None = None,
        also_accepted: Collection[str] = (),
    ) -> None:
        """``canonical`` gives the catalogue's id of a name; ``also_accepted`` are further betas."""
        address = base_url or f"https://bedrock-runtime.{region}.amazonaws.com"
        self._base_url = address.rstrip("/")
        self._authentication = authentication
        self._canonical = canonical
        self._features = host_features("bedrock", also_accepted=also_accepted)

    async def outgoing(self, order: RelayOrder) -> Outgoing:
        """Return the request with its signature; raises as ``Host.outgoing`` says."""
        url, body, fit = await prepared(order, self._request)
        headers = await self._authentication.headers(url, body)
        return Outgoing(url=url, headers=headers, body=body, dropped=fit.dropped)

    def _request(self, order: RelayOrder) -> tuple[str, bytes, Fitted]:
        counts = order.path == "/v1/messages/count_tokens"
        fit = fitted(self._features, order.body, order.betas, counts=counts)
        body = with_fields(order.body, {**fit.edits, **_door_fields(order, fit.betas)})
        model = self._model(order.upstream_model)
        if model in _NO_NAMES:
            message = f"model: {model}"
            raise NotFound(message)
        if counts:
            model, body = _without_region(model), _counting(order, body)
        action = "invoke-with-response-stream" if order.streams else "invoke"
        # As the SDK: percent-encoded but for ``:`` and ``;``.
        path = f"/model/{quote(model, safe=':;')}/{'count-tokens' if counts else action}"
        return self._base_url + path, body, fit

    def decoder(
        self, headers: Mapping[str, str], *, request_id: str | None = None
    ) -> FrameDecoder | None:
        """Return the reader of AWS's framing; None where a gateway has taken it off already."""
        if headers.get("content-type", "").startswith("text/event-stream"):
            return None
        return BedrockStream(self._features.name, request_id)

    def count_body(self, body: bytes) -> bytes:
        """Return the count under the API's name for it; raises ``EngineFailed``."""
        try:
            counted = msgspec.json.decode(body, type=_Counted)
        except msgspec.DecodeError as error:
            message = f"{self._features.name} answered something that is no count of tokens."
            raise EngineFailed(message) from error
        return encode_json({"input_tokens": counted.input_tokens})

    def error_status(self, status: int, headers: Mapping[str, str]) -> int:
        """Return what the exception means, by its name where that says more than the status."""
        # AWS appends the exception's address to its name after a colon.
        name = headers.get("x-amzn-errortype", "").partition(":")[0]
        return _MEANT.get(name.lower(), status_meant(status))

    def error_body(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        *,
        request_id: str | None = None,
    ) -> bytes:
        """Return the exception as an error of the Messages API."""
        meant = self.error_status(status, headers)
        told_id = headers.get("x-amzn-requestid", request_id)
        return in_envelope(self._features.name, meant, body, told_id)

    def _model(self, name: str) -> str:
        """Return Bedrock's id for a name that may be the catalogue's or Bedrock's own."""
        if name.startswith("arn:") or "anthropic." in name:
            return name
        region, dot, rest = name.partition(".")
        if not dot or region not in _REGIONS:
            region, dot, rest = "", "", name
        known = self._canonical(rest)
        if not known.startswith("claude-"):
            return name  # an inference profile or a provisioned model by its name
        version = "-v1:0" if _DATED.search(known) else ""
        return region + dot + self._features.models.get(known, f"anthropic.{known}{version}")


def _door_fields(order: RelayOrder, betas: Collection[str]) -> Edits:
    as_it_is = order.version in _VERSIONS_AS_THEY_ARE
    edits: dict[str, bytes | None] = {
        "model": None,
        "stream": None,
        "anthropic_version": encode_json(order.version if as_it_is else _VERSION),
        "anthropic_beta": encode_json(list(betas)) if betas else None,
    }
    profile = order.headers.get(_USER_PROFILE)
    if profile is not None and field_of(order.body, "user_profile_id") is None:
        edits["user_profile_id"] = encode_json(profile)
    return edits


def _counting(order: RelayOrder, body: bytes) -> bytes:
    """Wrap ``body``, which has to be one that could be invoked: with a limit of output.

    Source: langchain-ai/langchain-aws#661.
    """
    whole = with_fields(body, {"max_tokens": encode_json(order.facts.max_output_tokens)})
    inner = base64.b64encode(whole).decode("ascii")
    return encode_json({"input": {"invokeModel": {"body": inner}}})


def _without_region(model: str) -> str:
    """Return the foundation model: tokens are not counted for profiles across regions.

    Source: pydantic/pydantic-ai#3367, probed there; Claude Code does the same.
    """
    _, profile, rest = model.rpartition(".anthropic.")
    return f"anthropic.{rest}" if profile else model
