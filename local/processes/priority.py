"""How a child steps back for the others when processor time is short."""

import asyncio
import os
from pathlib import Path

_TRIES = 20
_PAUSE_SECONDS = 0.1


async def lower_priority(leader: int, niceness: int) -> None:
    """Give a session's leader and its process group a niceness, 0 to 19; a process that is gone needs none.

    Linux may weigh whole sessions against each other (sched_autogroup); a process's own niceness then counts
    within its session alone, so the session gets the same.
    """
    try:
        os.setpriority(os.PRIO_PGRP, leader, niceness)
    except ProcessLookupError:
        return
    for _ in range(_TRIES):
        if _weigh_session(leader, niceness):
            return
        await asyncio.sleep(_PAUSE_SECONDS)


def _weigh_session(leader: int, niceness: int) -> bool:
    """Whether that is done with; the kernel takes one such change in 100 ms, of all processes together."""
    try:
        Path(f"/proc/{leader}/autogroup").write_text(str(niceness))
    except BlockingIOError:
        return False
    except OSError:  # not there, or not to be changed here: the process's own niceness is what there is
        return True
    return True
