"""When the child process is started again."""

from antechamber.engines.local.host import Restarts


def test_the_first_restart_is_almost_at_once_and_each_later_one_later() -> None:
    restarts = Restarts()

    pauses = [restarts.pause_after(1.0) for _ in range(6)]

    assert pauses[0] == 0.1
    assert None not in pauses[:5]
    assert pauses[:5] == sorted(pause for pause in pauses[:5] if pause is not None)
    assert pauses[5] is None


def test_after_five_minutes_of_health_a_death_is_the_first_again() -> None:
    restarts = Restarts()
    for _ in range(5):
        restarts.pause_after(1.0)

    assert restarts.pause_after(300.0) == 0.1
    assert restarts.pause_after(1.0) == 0.4
