"""The end of a process that has used a Temporal client.

The client's own threads hold Python objects, and when one lets go of its last while the interpreter is being
torn down, the process aborts (exit status 134; one run in about ten). So it is not torn down: what
was registered for the exit runs, what was written is flushed, and the operating system takes the rest.
See https://github.com/temporalio/sdk-python/issues/300 (docs/reference/upstream.md).
"""

import atexit
import logging
import os
import sys
from typing import NoReturn


def exit_process(status: int) -> NoReturn:
    """End this process now, after everything else is done. No `finally` or `with` block further out runs."""
    atexit._run_exitfuncs()  # noqa: SLF001 - as multiprocessing's own children do
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # nobody reads any more
            status = status or 1
    os._exit(status)
