"""``/v1/organizations/usage_report/messages`` and ``/v1/organizations/cost_report``."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

from antechamber.http.admin.parts import query_of
from antechamber.http.asgi import Receive, Scope, Send, respond
from antechamber.operations.administration.access import look_up
from antechamber.operations.administration.usage import (
    CostKind,
    Grouping,
    Report,
    ReportOrder,
    Sums,
    report,
)
from antechamber.operations.answering.services import Services
from antechamber.operations.callers.key_directory import DEFAULT_WORKSPACE
from antechamber.wire.administration import CostQuery, UsageGrouping, UsageQuery
from antechamber.wire.encoding import encode_json

_COLUMNS: Mapping[UsageGrouping, Grouping] = {
    "api_key_id": "key_id",
    "context_window": "context_window",
    "inference_geo": "inference_geo",
    "model": "model",
    "service_tier": "service_tier",
    "speed": "speed",
    "workspace_id": "workspace_id",
}
"""By the name that the reports have for them; what is missing is null of every request here."""
_DESCRIBED: Sequence[Grouping] = ("model", "service_tier", "context_window", "inference_geo")
"""What costs are told by where they are described."""
_TOKENS: Mapping[CostKind, tuple[str, str]] = {
    "input": ("uncached_input_tokens", "Input Tokens"),
    "cache_write_5m": ("cache_creation.ephemeral_5m_input_tokens", "Input Tokens, Cache Write"),
    "cache_write_1h": ("cache_creation.ephemeral_1h_input_tokens", "Input Tokens, Cache Write 1h"),
    "cache_read": ("cache_read_input_tokens", "Input Tokens, Cache Hit"),
    "output": ("output_tokens", "Output Tokens"),
}
"""What the cost report calls each kind of token: as a type, and in a description."""
_NANOS_IN_A_CENT = 7


class UsageReportEndpoint:
    """Tells what was used, by time and group."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        query = query_of(scope, UsageQuery)
        filters: dict[Grouping, Sequence[str] | None] = {
            "key_id": query.api_key_ids,
            "context_window": query.context_window,
            "inference_geo": query.inference_geos,
            "model": query.models,
            "service_tier": query.service_tiers,
            "speed": query.speeds,
            "workspace_id": query.workspace_ids,
        }
        if query.account_ids or query.service_account_ids:
            filters["key_id"] = ()  # there are no accounts: nobody's use is theirs
        order = ReportOrder(
            starting_at=query.starting_at,
            ending_at=query.ending_at,
            width=query.bucket_width,
            limit=query.limit,
            page=query.page,
            by=_columns(query.group_by),
            only={name: values for name, values in filters.items() if values is not None},
        )
        found = await _found(self._services, order)
        with_speed = "speed" in query.group_by
        await _answer(send, found, lambda each: [_usage(each, with_speed=with_speed)])


class CostReportEndpoint:
    """Tells what was spent, by day."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        query = query_of(scope, CostQuery)
        by: list[Grouping] = ["workspace_id"] if "workspace_id" in query.group_by else []
        is_described = "description" in query.group_by
        order = ReportOrder(
            starting_at=query.starting_at,
            ending_at=query.ending_at,
            limit=query.limit,
            page=query.page,
            by=[*by, *(_DESCRIBED if is_described else ())],
        )
        found = await _found(self._services, order)
        if not is_described:
            await _answer(send, found, lambda each: [_cost(each, each.cost_nano_usd, {})])
            return
        served = self._services.routing.served()
        names = {each.facts.id: each.facts.display_name for each in served}
        await _answer(send, found, lambda each: _costs(each, names))


async def _found(services: Services, order: ReportOrder) -> Report:
    now = services.clock.now()
    return await look_up(services, lambda connection: report(connection, order, now=now))


async def _answer(
    send: Send, found: Report, results: Callable[[Sums], Sequence[Mapping[str, object]]]
) -> None:
    body = {
        "data": [
            {
                "starting_at": bucket.starting_at,
                "ending_at": bucket.ending_at,
                "results": [result for each in bucket.sums for result in results(each)],
            }
            for bucket in found.buckets
        ],
        "has_more": found.next_page is not None,
        "next_page": found.next_page,
    }
    await respond(send, 200, encode_json(body))


def _columns(group_by: Iterable[UsageGrouping]) -> list[Grouping]:
    return list(dict.fromkeys(_COLUMNS[name] for name in group_by if name in _COLUMNS))


def _usage(each: Sums, *, with_speed: bool) -> dict[str, object]:
    told: dict[str, object] = {
        "uncached_input_tokens": each.input_tokens,
        "cache_read_input_tokens": each.cache_read_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": each.cache_write_5m_tokens,
            "ephemeral_1h_input_tokens": each.cache_write_1h_tokens,
        },
        "output_tokens": each.output_tokens,
        "server_tool_use": {"web_search_requests": each.web_searches},
        "model": each.group.get("model"),
        "api_key_id": each.group.get("key_id"),
        "workspace_id": _workspace_id(each),
        "account_id": None,
        "service_account_id": None,
        "service_tier": each.group.get("service_tier"),
        "context_window": each.group.get("context_window"),
        "inference_geo": each.group.get("inference_geo"),
    }
    if with_speed:
        told["speed"] = each.group.get("speed")
    return told


def _costs(each: Sums, names: Mapping[str, str]) -> list[dict[str, object]]:
    """Return a result for each kind of token that cost something, and one for searches."""
    model = each.group["model"] or ""
    usage = f"{names.get(model, model)} Usage"
    told = {"cost_type": "tokens"}
    results = [
        _cost(each, cost, told | {"token_type": token_type, "description": f"{usage} - {words}"})
        for kind, (token_type, words) in _TOKENS.items()
        if (cost := each.cost_by_kind[kind])
    ]
    if searches := each.cost_by_kind["web_search"]:
        told_of_them = {"cost_type": "web_search", "description": "Web Search Usage"}
        results.append(_cost(each, searches, told_of_them))
    # Of requests that were written down when only the whole was known.
    rest = each.cost_nano_usd - sum(each.cost_by_kind.values())
    return [*results, _cost(each, rest, told | {"description": usage})] if rest else results


def _cost(each: Sums, nano_usd: int, told: Mapping[str, str]) -> dict[str, object]:
    cents = Decimal(nano_usd).scaleb(-_NANOS_IN_A_CENT)
    return {
        "amount": f"{cents.normalize():f}",
        "currency": "USD",
        "cost_type": None,
        "token_type": None,
        "model": each.group.get("model"),
        "service_tier": each.group.get("service_tier"),
        "context_window": each.group.get("context_window"),
        "inference_geo": each.group.get("inference_geo"),
        "description": None,
        "workspace_id": _workspace_id(each),
        **told,
    }


def _workspace_id(each: Sums) -> str | None:
    workspace_id = each.group.get("workspace_id")
    return None if workspace_id == DEFAULT_WORKSPACE else workspace_id
