"""What stays is looked at once."""

import gc
import weakref

from toancanh.kernel.runtime import garbage


class Ring:
    """An object that holds itself."""

    def __init__(self) -> None:
        self.own = self


def test_what_stays_is_not_looked_at_again_and_what_became_garbage_goes() -> None:
    kept, gone = Ring(), Ring()
    garbage.settle()
    try:
        assert gc.get_freeze_count() > 0
        assert not any(one is kept for one in gc.get_objects())
        left = weakref.ref(gone)
        del gone
        gc.collect()
        assert left() is not None, "out of the collector's rounds"
        garbage.settle()
        assert left() is None
    finally:
        gc.unfreeze()
