from datetime import UTC, timedelta

from antechamber.runtime.clock import SystemClock


async def test_time_is_aware_and_only_grows() -> None:
    clock = SystemClock()
    before = clock.monotonic()

    await clock.sleep(0)

    assert clock.now().tzinfo is UTC
    assert clock.now().utcoffset() == timedelta(0)
    assert clock.monotonic() >= before
