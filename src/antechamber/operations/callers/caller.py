"""Who is asking: the credential of a request as a caller, or a refusal in the hosted words."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from antechamber.operations.callers.key_directory import (
    DEFAULT_WORKSPACE,
    House,
    KeyDirectory,
    Reading,
    key_hash,
)
from antechamber.runtime.background import Background
from antechamber.runtime.clock import Clock
from antechamber.settings import Secret
from antechamber.store.database import Database
from antechamber.store.keys import KeyBounds
from antechamber.store.workspaces import WorkspaceBounds
from antechamber.wire.errors import Unauthenticated


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What a key and its workspace may use in a month, and have used, in nano-dollars."""

    key_budget: int | None = None
    siblings: Sequence[str] = ()
    """The other keys that have the key's budget."""
    key_spent: int = 0
    workspace_budget: int | None = None
    workspace_spent: int = 0
    month: str | None = None
    """In which that was spent, as ``2026-11``; None is the present one."""
    read_at: float = 0.0
    """When that was read, on the monotonic clock."""


CallerKind = Literal["api", "admin", "anyone"]
"""Who has a key for the models, who has one for the administration, who needs none here."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever a request belongs to."""

    organization_id: str
    workspace_id: str = DEFAULT_WORKSPACE
    key_id: str | None = None
    """None is a key of the configuration, or none at all."""
    budget_id: str | None = None
    """Of the first key of those that took each other's place: they have one budget."""
    kind: CallerKind = "api"
    key_tier: str | None = None
    """Of the key alone, within that of its workspace."""
    workspace_tier: str | None = None
    has_priority: bool = False
    models: frozenset[str] | None = None
    """Those that the key may use; None is every one."""
    bounds: Bounds = Bounds()
    is_bounded: bool = False
    """Whether it has a tier or a budget of its own, or its workspace has."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What a request brought; either header may carry any key."""

    api_key: str | None = None
    bearer: str | None = None


class Doorkeeper:
    """Lets in who knows a key: of the configuration, or one that was created.

    While there is none of either, everybody, where only this machine reaches the server.
    """

    def __init__(
        self,
        static_keys: Sequence[Secret],
        directory: "KeyDirectory[Caller | None]",
        *,
        is_local: bool,
    ) -> None:
        """``is_local``: whether the server can be reached from this machine alone."""
        self._static = frozenset(key_hash(key.reveal()) for key in static_keys)
        self._directory = directory
        self._may_be_open = is_local and not static_keys

    @property
    def needs_key(self) -> bool:
        """Whether nobody comes in without a key, as far as is known."""
        return not self._may_be_open or self._directory.has_keys

    async def open(self) -> None:
        """Find out whether there are keys, before the first request asks."""
        await self._directory.house()

    def known(self, credentials: Credentials) -> Caller | None:
        """Return the caller where nothing has to be asked for it; None says nothing."""
        text = credentials.api_key or credentials.bearer
        if text is None:
            return None
        # Compared by their hashes: how near a guess came shows in no time taken.
        hashed = key_hash(text)
        if hashed in self._static:
            return self._directory.remembered_house()
        return self._directory.remembered(hashed)

    async def admit(self, credentials: Credentials) -> Caller:
        """Return the caller; raises ``Unauthenticated``. Two headers with one good key are fine."""
        for text in (credentials.api_key, credentials.bearer):
            if text and (caller := await self._find(key_hash(text))) is not None:
                return caller
        has_keys, anyone = await self._directory.house()
        if anyone is not None and self._may_be_open and not has_keys:
            return msgspec.structs.replace(anyone, kind="anyone")
        if not credentials.api_key and not credentials.bearer:
            message = "x-api-key header is required"
            raise Unauthenticated(message)
        message = "invalid x-api-key" if credentials.api_key else "Invalid bearer token"
        raise Unauthenticated(message)

    async def _find(self, hashed: str) -> Caller | None:
        if hashed not in self._static:
            return await self._directory.find(hashed)
        _, anyone = await self._directory.house()
        return anyone


def caller_directory(
    database: Database, clock: Clock, background: Background, *, organization_id: str
) -> KeyDirectory[Caller | None]:
    """Return the directory of created keys and of the callers that they make."""

    def of_house(house: House, reading: Reading) -> Caller:
        workspace = house.workspace
        return Caller(
            organization_id=organization_id,
            workspace_tier=workspace.tier,
            is_bounded=_is_bounded(workspace),
            bounds=Bounds(
                workspace_budget=workspace.monthly_budget_nano_usd,
                workspace_spent=workspace.spent_nano_usd,
                month=reading.month,
                read_at=reading.at,
            ),
        )

    def of_key(found: KeyBounds, reading: Reading) -> Caller | None:
        """Return whom the key belongs to, None while it opens nothing."""
        key, workspace = found.key, found.workspace
        is_over = key.expires_at is not None and key.expires_at <= clock.now()
        if key.status != "active" or workspace.is_archived or is_over:
            return None
        return Caller(
            organization_id=organization_id,
            workspace_id=key.workspace_id or DEFAULT_WORKSPACE,
            key_id=key.id,
            budget_id=key.budget_id or key.id,
            kind=key.kind,
            key_tier=key.tier,
            workspace_tier=workspace.tier,
            has_priority=key.has_priority,
            is_bounded=bool(key.tier)
            or key.monthly_budget_nano_usd is not None
            or _is_bounded(workspace),
            models=None if key.models is None else frozenset(key.models),
            bounds=Bounds(
                key_budget=key.monthly_budget_nano_usd,
                siblings=found.siblings,
                key_spent=found.spent_nano_usd,
                workspace_budget=workspace.monthly_budget_nano_usd,
                workspace_spent=workspace.spent_nano_usd,
                month=reading.month,
                read_at=reading.at,
            ),
        )

    return KeyDirectory(database, clock, background, of_key, of_house)


def _is_bounded(workspace: WorkspaceBounds) -> bool:
    return workspace.tier is not None or workspace.monthly_budget_nano_usd is not None
