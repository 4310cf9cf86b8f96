"""Loading a program's modules, quicker than by plain import."""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """For the block that imports a program, once in a process.

    Modules are no garbage: to look for some in them took a tenth of a start, and later looks pass them over.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
