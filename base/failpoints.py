"""Named points at which a test makes a process die, or one step fail: `PAGEDESK_FAILPOINTS`.

`inbox.committed:3` ends the process, as hard as `kill -9` would, when it reaches that point the third time.
`router.event=7421908834567012` makes that step raise for that subject, every time. Several are separated by
commas. The variable is read once, at the start; without it nothing here can do anything. The points are found
by searching the code for `failpoints.`.
"""

import os

EXIT_STATUS = 137
"""What a shell shows for a process that was killed by SIGKILL."""

_VARIABLE = "PAGEDESK_FAILPOINTS"


class InjectedFaultError(Exception):
    """A step failed because a test wanted it to."""


def reach(point: str) -> None:
    """End the process here, if a test has asked for it and it is this time's turn."""
    if point not in _left:
        return
    _left[point] -= 1
    if _left[point] == 0:
        os.write(2, f"failpoint {point}\n".encode())
        os._exit(EXIT_STATUS)


def trip(step: str, subject: str) -> None:
    """Raise InjectedFaultError, if a test has asked for this step to fail for this subject."""
    if (step, subject) in _failing:
        raise InjectedFaultError(f"{step}={subject}")


def _read(wanted: str) -> tuple[dict[str, int], frozenset[tuple[str, str]]]:
    """The points with their turn, and the failing (step, subject) pairs. Raises ValueError."""
    items = [item.strip() for item in wanted.split(",") if item.strip()]
    pairs = [item.split("=", 1) for item in items if "=" in item]
    turns = [item.rsplit(":", 1) for item in items if "=" not in item]
    return {point: int(turn) for point, turn in turns}, frozenset((step, subject) for step, subject in pairs)


_left, _failing = _read(os.environ.get(_VARIABLE, ""))
