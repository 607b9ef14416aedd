"""Claude on Microsoft Foundry: the Messages API behind Azure's address and key.

Source: learn.microsoft.com/azure/foundry, Claude models, and what the SDK's ``AnthropicFoundry``
sends. Its model names are names of deployments and pass as they are configured.
"""

from collections.abc import Collection

from antechamber.engines.base import RelayOrder
from antechamber.engines.messages_api.host import Outgoing
from antechamber.engines.messages_api.host_features import (
    Fitted,
    fitted,
    host_features,
    prepared,
)
from antechamber.engines.messages_api.same_answers import SameGoodAnswers
from antechamber.wire.splice import with_fields


def foundry_address(resource: str) -> str:
    """Return the base URL of a resource by its name."""
    return f"https://{resource}.services.ai.azure.com/anthropic"


class FoundryHost(SameGoodAnswers):
    """One resource and its key, which goes out in both headers that the SDK sends."""

    def __init__(self, base_url: str, *, api_key: str, also_accepted: Collection[str] = ()) -> None:
        self._base_url = base_url.rstrip("/").removesuffix("/v1")
        self._credentials = {"x-api-key": api_key, "api-key": api_key}
        super().__init__(host_features("foundry", also_accepted=also_accepted))

    async def outgoing(self, order: RelayOrder) -> Outgoing:
        """Return the request with its path, version, betas and key; raises ``InvalidRequest``."""
        body, fit = await prepared(order, self._body)
        headers = {**order.headers, "anthropic-version": order.version, **self._credentials}
        if fit.betas:
            headers["anthropic-beta"] = ",".join(fit.betas)
        url = self._base_url + order.path
        return Outgoing(url=url, headers=headers, body=body, dropped=fit.dropped)

    def _body(self, order: RelayOrder) -> tuple[bytes, Fitted]:
        counts = order.path == "/v1/messages/count_tokens"
        fit = fitted(self._features, order.body, order.betas, counts=counts)
        return with_fields(order.body, fit.edits), fit
