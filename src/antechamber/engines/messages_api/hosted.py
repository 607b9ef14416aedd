"""The Messages API at its usual paths: Anthropic's own, a gateway, another antechamber."""

from antechamber.engines.base import RelayOrder
from antechamber.engines.messages_api.host import Outgoing
from antechamber.engines.messages_api.same_answers import SameAnswers


class HostedApi(SameAnswers):
    """A base URL and a key, which goes out as ``x-api-key``.

    Source: platform.claude.com/docs/en/api/overview, authentication.
    """

    def __init__(self, base_url: str, *, api_key: str | None) -> None:
        self._base_url = base_url.rstrip("/").removesuffix("/v1")
        self._credentials = {} if api_key is None else {"x-api-key": api_key}

    async def outgoing(self, order: RelayOrder) -> Outgoing:
        """Return the request with its path, version, betas and key."""
        headers = {**order.headers, "anthropic-version": order.version, **self._credentials}
        if order.betas:
            headers["anthropic-beta"] = ",".join(order.betas)
        return Outgoing(url=self._base_url + order.path, headers=headers, body=order.body)
