"""The rate limits that hold, by group of models: of the organization, and of one workspace."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import shake_256
from typing import Literal

from antechamber.catalogue.facts import ModelFacts
from antechamber.catalogue.tiers import Tier, TierClass
from antechamber.operations.administration.access import look_up
from antechamber.operations.administration.workspaces import one
from antechamber.operations.allowance.tiers import Tiers
from antechamber.operations.answering.services import Services
from antechamber.operations.callers.caller import Bounds, Caller
from antechamber.operations.callers.key_directory import month_of
from antechamber.store.workspaces import workspace_bounds
from antechamber.wire.ids import IdMaker

GroupType = Literal["model_group", "token_count", "batch", "files"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitGroup:
    """What is limited together."""

    type: GroupType
    name: str
    """Of a class of models, for people; empty where it is none."""
    models: Sequence[str] | None
    """Ids and aliases; None of what is no class of models."""
    id: str
    """The same on every server."""
    entry_id: str
    """Of this organization's limits for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLimits:
    """A group, and how much of each kind is allowed: in a minute, or of batches to wait."""

    group: LimitGroup
    limits: Mapping[str, int]
    """By the published name of the kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceLimits:
    """What holds in a workspace for a group, and what the organization has for it."""

    group: LimitGroup
    limits: Mapping[str, int]
    of_organization: Mapping[str, int]
    is_own: bool
    """Whether the workspace has a tier, or has reached one, that the organization has not."""


def organization_limits(services: Services) -> list[GroupLimits]:
    """Return what holds in a workspace that has no tier, and has spent nothing."""
    return list(_by_group(services, services.limits.tiers, _usual(services)))


async def workspace_limits(services: Services, workspace_id: str) -> list[WorkspaceLimits]:
    """Return what holds in a workspace; raises ``NotFound``."""
    month = month_of(services.clock.now())
    workspace, bounds = await look_up(
        services,
        lambda connection: (
            one(connection, workspace_id),
            workspace_bounds(connection, workspace_id, month=month),
        ),
    )
    usual = _usual(services)
    tier = services.limits.tier_of(
        Caller(
            organization_id=services.settings.server.organization_id,
            workspace_id=workspace_id,
            workspace_tier=workspace.tier,
            bounds=Bounds(workspace_spent=bounds.spent_nano_usd),
        )
    )
    is_own = tier is not usual or (tier is not None and tier.name == workspace.tier)
    tiers = services.limits.tiers
    of_organization = {each.group.id: each.limits for each in _by_group(services, tiers, usual)}
    return [
        WorkspaceLimits(
            group=each.group,
            limits=each.limits,
            of_organization=of_organization.get(each.group.id, {}),
            is_own=is_own,
        )
        for each in _by_group(services, tiers, tier)
    ]


def _usual(services: Services) -> Tier | None:
    nobody = Caller(organization_id=services.settings.server.organization_id)
    return services.limits.tier_of(nobody)


def _by_group(services: Services, tiers: Tiers, tier: Tier | None) -> Iterator[GroupLimits]:
    """Yield the groups of which ``tier`` limits anything, those of the newest models first."""
    if tier is None:
        return
    classes: dict[str, list[ModelFacts]] = {}
    for served in services.routing.served():
        classes.setdefault(tiers.class_of(served.facts), []).append(served.facts)
    organization_id = services.settings.server.organization_id
    for name, models in classes.items():
        row = tier.limits_of(name)
        counts_reads = any(each.id in tiers.book.counts_cache_reads for each in models)
        limits = None if row is None else _limits_of(row, counts_reads=counts_reads)
        if limits:
            ids = [known for each in models for known in (each.id, *each.aliases)]
            yield GroupLimits(
                group=_group("model_group", organization_id, _title(name, models), name, ids),
                limits=limits,
            )
    for kind, limits in _limits_beside_models(tier).items():
        if limits:
            yield GroupLimits(group=_group(kind, organization_id), limits=limits)


def _limits_beside_models(tier: Tier) -> Mapping[GroupType, Mapping[str, int]]:
    return {
        "batch": _present(
            requests_per_minute=tier.batches_per_minute,
            enqueued_batch_requests=tier.enqueued_batch_requests,
        ),
        "token_count": _present(requests_per_minute=tier.count_tokens_per_minute),
        "files": _present(requests_per_minute=tier.files_per_minute),
    }


def _present(**limits: int | None) -> Mapping[str, int]:
    return {kind: value for kind, value in limits.items() if value is not None}


def _limits_of(row: TierClass, *, counts_reads: bool) -> Mapping[str, int]:
    of_input = "input_tokens_per_minute"
    limits = {
        "requests_per_minute": row.requests_per_minute,
        of_input if counts_reads else f"{of_input}_cache_aware": row.input_tokens_per_minute,
        "output_tokens_per_minute": row.output_tokens_per_minute,
    }
    return _present(**limits)


def _title(name: str, models: Sequence[ModelFacts]) -> str:
    if name == models[0].id:
        return models[0].display_name
    if name.endswith(".x"):  # "claude-opus-4.x"
        return " ".join(word.capitalize() for word in name.split("-"))
    return name


def _group(
    type_: GroupType,
    organization_id: str,
    title: str = "",
    name: str = "",
    models: Sequence[str] | None = None,
) -> LimitGroup:
    return LimitGroup(
        type=type_,
        name=title,
        models=models,
        id=_id_of("rlg_", type_, name),
        entry_id=_id_of("rl_", type_, name, organization_id),
    )


def _id_of(prefix: str, *words: str) -> str:
    """Return the id that these words have everywhere and at all times."""
    seed = shake_256("\0".join(words).encode())
    return IdMaker(seed.digest).new_id(prefix)
