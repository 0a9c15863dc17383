"""The cyclic garbage collector, held while much is read."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """
    Do not look for cycles within; afterwards all is as it was.

    What is read makes hundreds of thousands of values and no cycles: looking for some takes a third
    of the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
