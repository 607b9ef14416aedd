from pathlib import Path

from antechamber.worker.sole import SolePlace


def test_one_has_the_place_until_it_leaves(tmp_path: Path) -> None:
    first, second = SolePlace(tmp_path / "lock"), SolePlace(tmp_path / "lock")

    before = first.is_ours(), second.is_ours(), first.is_ours()
    first.close()

    assert before == (True, False, True)
    assert second.is_ours()
    second.close()
