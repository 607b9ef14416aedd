"""Claude on Google Vertex AI: addresses, body and errors of ``rawPredict``.

Source: docs.cloud.google.com/vertex-ai, Claude models; what the SDK's ``AnthropicVertex`` sends.
"""

import re
from collections.abc import Callable, Collection
from urllib.parse import quote

from antechamber.engines.base import RelayOrder
from antechamber.engines.messages_api.authentication import Authentication
from antechamber.engines.messages_api.host import Outgoing
from antechamber.engines.messages_api.host_features import (
    Fitted,
    fitted,
    host_features,
    prepared,
)
from antechamber.engines.messages_api.same_answers import SameGoodAnswers
from antechamber.wire.encoding import encode_json
from antechamber.wire.splice import with_fields

_VERSION = "vertex-2023-10-16"
_VERSIONS_AS_THEY_ARE = ("2026-10-21",)
"""From version 2 on the SDK names the API's own version here."""
_PASSED_ON = ("anthropic-user-profile-id",)
_WIDE_REGIONS = ("eu", "us")
_DATED = re.compile(r"-(\d{8})$")


class VertexHost(SameGoodAnswers):
    """Vertex AI in one project and region."""

    def __init__(
        self,
        project: str,
        region: str,
        authentication: Authentication,
        *,
        canonical: Callable[[str], str],
        base_url: str | None = None,
        also_accepted: Collection[str] = (),
    ) -> None:
        """``canonical`` gives the catalogue's id of a name; ``also_accepted`` are further betas.

        ``base_url`` includes the version, as the SDK's does: ``…/v1``.
        """
        address = (base_url or _address(region)).rstrip("/")
        place = f"projects/{quote(project, safe=':')}/locations/{quote(region)}"
        self._models = f"{address}/{place}/publishers/anthropic/models/"
        self._authentication = authentication
        self._canonical = canonical
        super().__init__(host_features("vertex", also_accepted=also_accepted))

    async def outgoing(self, order: RelayOrder) -> Outgoing:
        """Return the request with its token; raises as ``Host.outgoing`` says."""
        url, body, fit = await prepared(order, self._request)
        headers = {name: order.headers[name] for name in _PASSED_ON if name in order.headers}
        headers.update(await self._authentication.headers(url, body))
        if fit.betas:
            headers["anthropic-beta"] = ",".join(fit.betas)
        return Outgoing(url=url, headers=headers, body=body, dropped=fit.dropped)

    def _request(self, order: RelayOrder) -> tuple[str, bytes, Fitted]:
        counts = order.path == "/v1/messages/count_tokens"
        fit = fitted(self._features, order.body, order.betas, counts=counts)
        model = self._model(order.upstream_model)
        as_it_is = order.version in _VERSIONS_AS_THEY_ARE
        edits = {
            **fit.edits,
            "model": encode_json(model) if counts else None,
            "anthropic_version": encode_json(order.version if as_it_is else _VERSION),
        }
        action = "streamRawPredict" if order.streams else "rawPredict"
        # A server that reads ``;`` as the beginning of parameters would lose the action.
        place = "count-tokens:rawPredict" if counts else f"{quote(model, safe='@:')}:{action}"
        return self._models + place, with_fields(order.body, edits), fit

    def _model(self, name: str) -> str:
        """Return Vertex's id for a name that may be the catalogue's or Vertex's own."""
        if "@" in name:
            return name
        known = self._canonical(name)
        return self._features.models.get(known, _DATED.sub(r"@\1", known))


def _address(region: str) -> str:
    if region == "global":
        return "https://aiplatform.googleapis.com/v1"
    if region in _WIDE_REGIONS:
        return f"https://aiplatform.{region}.rep.googleapis.com/v1"
    return f"https://{region}-aiplatform.googleapis.com/v1"
