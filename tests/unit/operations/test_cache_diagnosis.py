"""Requests that are remembered for a while, so that a later one can be compared with them."""

from antechamber.operations.answering.cache_diagnosis import CacheDiagnosis
from antechamber.operations.answering.call import Call
from antechamber.operations.callers.caller import Caller
from antechamber.rules.cache_fingerprint import CacheFingerprint, cache_fingerprint
from antechamber.rules.thinking import ThinkingPlan
from antechamber.store.cache_entries import OwnCacheEntries
from antechamber.wire.responses import (
    CacheMissPreviousMessageNotFound,
    CacheMissSystemChanged,
    CacheMissUnavailable,
)
from tests.unit.operations.stage import FACTS, StillClock
from tests.unit.rules.requests import parse


def fingerprint(system: str = "Be brief.") -> CacheFingerprint:
    return cache_fingerprint(parse(system=system), FACTS, ThinkingPlan(on=False))


def call(workspace: str = "default") -> Call:
    return Call(
        request_id="req_1",
        caller=Caller(organization_id="o", workspace_id=workspace),
        version="2023-06-01",
        betas=frozenset(),
        started_at=0,
    )


async def test_what_was_remembered_is_compared_with() -> None:
    diagnosis = CacheDiagnosis(OwnCacheEntries(StillClock(), most=9))

    await diagnosis.remember(fingerprint(), call(), "msg_1", input_tokens=70)

    assert await diagnosis.compare(fingerprint(), call(), "msg_1") is None
    changed = await diagnosis.compare(fingerprint("Be long."), call(), "msg_1")
    assert changed == CacheMissSystemChanged(70)


async def test_a_message_of_another_workspace_is_not_found() -> None:
    diagnosis = CacheDiagnosis(OwnCacheEntries(StillClock(), most=9))

    await diagnosis.remember(fingerprint(), call("one"), "msg_1", input_tokens=70)

    found = await diagnosis.compare(fingerprint(), call("two"), "msg_1")
    assert found == CacheMissPreviousMessageNotFound()


async def test_a_message_is_forgotten_after_an_hour() -> None:
    clock = StillClock()
    diagnosis = CacheDiagnosis(OwnCacheEntries(clock, most=9))
    await diagnosis.remember(fingerprint(), call(), "msg_1", input_tokens=70)

    clock.at += 3_600

    found = await diagnosis.compare(fingerprint(), call(), "msg_1")
    assert found == CacheMissPreviousMessageNotFound()


async def test_without_an_answer_of_the_keeper_there_is_no_diagnosis() -> None:
    class Broken(OwnCacheEntries):
        async def read(self, keys: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
            return None

    diagnosis = CacheDiagnosis(Broken(StillClock(), most=9))

    assert await diagnosis.compare(fingerprint(), call(), "msg_1") == CacheMissUnavailable()
