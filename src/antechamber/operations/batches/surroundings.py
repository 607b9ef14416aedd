"""What came with a batch beside its body and holds for all its items, and who asked for it."""

from collections.abc import Mapping

import msgspec

from antechamber.operations.answering.call import ApiVersion, Call
from antechamber.operations.bookkeeping.records import TurnRecord
from antechamber.operations.callers.caller import Caller
from antechamber.operations.callers.key_directory import KeyDirectory
from antechamber.runtime.clock import Clock
from antechamber.store.batches import BatchRow
from antechamber.store.database import Database
from antechamber.store.keys import find_key
from antechamber.wire.errors import Unauthenticated
from antechamber.wire.ids import NewId


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """Of one request that created a batch."""

    version: ApiVersion
    betas: tuple[str, ...]
    passed_on: Mapping[str, str]


_decoder = msgspec.json.Decoder(Surroundings)


def surroundings_of(call: Call) -> bytes:
    """Return what is kept of ``call``."""
    kept = Surroundings(version=call.version, betas=call.beta_list, passed_on=call.passed_on)
    return msgspec.json.encode(kept)


def item_call(batch: BatchRow, caller: Caller, clock: Clock, new_id: NewId) -> Call:
    """Return what one try of an item comes with."""
    kept = _decoder.decode(batch.surroundings)
    return Call(
        request_id=new_id("req_"),
        caller=caller,
        version=kept.version,
        betas=frozenset(kept.betas),
        beta_list=kept.betas,
        is_batch_item=True,
        records=list[TurnRecord](),
        passed_on=dict(kept.passed_on),
        started_at=clock.monotonic(),
    )


class Owners:
    """Finds whose budget and models hold for a batch while it is worked on."""

    def __init__(self, database: Database, directory: "KeyDirectory[Caller | None]") -> None:
        self._database = database
        self._directory = directory
        self._hashes: dict[str, str] = {}
        """Of the keys whose batches were met; they never change."""

    async def find(self, batch: BatchRow) -> Caller:
        """Return who created the batch; raises ``Unauthenticated`` when the key opens nothing now.

        Raises ``Overloaded`` while nobody can tell.
        """
        key_id = batch.key_id
        if key_id is None:
            _, caller = await self._directory.house()
        else:
            caller = await self._directory.find(await self._hash(key_id))
        if caller is None:
            message = "invalid x-api-key"
            raise Unauthenticated(message)
        return caller

    async def _hash(self, key_id: str) -> str:
        if key_id not in self._hashes:
            key = await self._database.read(lambda connection: find_key(connection, key_id))
            self._hashes[key_id] = "" if key is None else key.hash
        return self._hashes[key_id]
