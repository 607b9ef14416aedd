"""``/v1/organizations/usage_report/messages`` and ``/v1/organizations/cost_report``."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

from antechamber.http.admin.parts import query_of
from antechamber.http.asgi import Receive, Scope, Send, respond
from antechamber.operations.administration.access import look_up
from antechamber.operations.administration.usage import Grouping, Report, ReportOrder, Sums, report
from antechamber.operations.answering.services import Services
from antechamber.operations.callers.key_directory import DEFAULT_WORKSPACE
from antechamber.wire.administration import CostQuery, UsageGrouping, UsageQuery
from antechamber.wire.encoding import encode_json

_COLUMNS: Mapping[UsageGrouping, Grouping] = {
    "api_key_id": "key_id",
    "inference_geo": "inference_geo",
    "model": "model",
    "service_tier": "service_tier",
    "speed": "speed",
    "workspace_id": "workspace_id",
}
"""By the name that the reports have for them; what is missing is null of every request here."""
_DESCRIBED: Sequence[Grouping] = ("model", "service_tier", "inference_geo")
"""What the description of a cost is made of."""
_NANOS_IN_A_CENT = 7


class UsageReportEndpoint:
    """Tells what was used, by time and group."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        query = query_of(scope, UsageQuery)
        filters: dict[Grouping, list[str] | None] = {
            "key_id": query.api_key_ids,
            "inference_geo": query.inference_geos,
            "model": query.models,
            "service_tier": query.service_tiers,
            "speed": query.speeds,
            "workspace_id": query.workspace_ids,
        }
        order = ReportOrder(
            starting_at=query.starting_at,
            ending_at=query.ending_at,
            width=query.bucket_width,
            limit=query.limit,
            page=query.page,
            by=_columns(query.group_by),
            only={name: values for name, values in filters.items() if values},
        )
        found = await _found(self._services, order)
        with_speed = "speed" in query.group_by
        await _answer(send, found, lambda each: _usage(each, with_speed=with_speed))


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
        await _answer(send, found, lambda each: _cost(each, is_described=is_described))


async def _found(services: Services, order: ReportOrder) -> Report:
    now = services.clock.now()
    return await look_up(services, lambda connection: report(connection, order, now=now))


async def _answer(send: Send, found: Report, result: Callable[[Sums], object]) -> None:
    body = {
        "data": [
            {
                "starting_at": bucket.starting_at,
                "ending_at": bucket.ending_at,
                "results": [result(each) for each in bucket.sums],
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
        "server_tool_use": {"web_search_requests": 0},
        "model": each.group.get("model"),
        "api_key_id": each.group.get("key_id"),
        "workspace_id": _workspace_id(each),
        "account_id": None,
        "service_account_id": None,
        "service_tier": each.group.get("service_tier"),
        "context_window": None,
        "inference_geo": each.group.get("inference_geo"),
    }
    if with_speed:
        told["speed"] = each.group.get("speed")
    return told


def _cost(each: Sums, *, is_described: bool) -> dict[str, object]:
    cents = Decimal(each.cost_nano_usd).scaleb(-_NANOS_IN_A_CENT)
    model, tier = each.group.get("model"), each.group.get("service_tier")
    return {
        "amount": f"{cents.normalize():f}",
        "currency": "USD",
        "cost_type": "tokens" if is_described else None,
        # The ledger knows what a request costs, and not each of its kinds of tokens.
        "token_type": None,
        "model": model,
        "service_tier": tier,
        "context_window": None,
        "inference_geo": each.group.get("inference_geo"),
        "description": f"{model} usage, {tier}" if is_described else None,
        "workspace_id": _workspace_id(each),
    }


def _workspace_id(each: Sums) -> str | None:
    workspace_id = each.group.get("workspace_id")
    return None if workspace_id == DEFAULT_WORKSPACE else workspace_id
