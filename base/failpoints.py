"""Named points at which a test makes a process die, stand still, or one step fail: `PAGEDESK_FAILPOINTS`.

`inbox.committed:3` ends the process, as hard as `kill -9` would, when it reaches that point the third time;
`send.marked:1/stop` has it stand still there, until it gets SIGCONT. `router.event=7421908834567012` makes
that step raise for that subject, every time. Several are separated by commas. The variables are read once, at
the start. Without `PAGEDESK_TEST_MODE=1` nothing here can do anything, and no process starts that has points
to die at (`base.settings_reading`). The points are found by searching the code for `failpoints.`.
"""

import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

EXIT_STATUS = 137
"""What a shell shows for a process that was killed by SIGKILL."""

VARIABLE = "PAGEDESK_FAILPOINTS"
TEST_MODE_VARIABLE = "PAGEDESK_TEST_MODE"
_STOP = "/stop"
# The transport's steps, as httpx's `trace` extension names them, of a call that sends a message.
_OF_A_SEND = {
    "http11.send_request_headers.started": "send.first_byte",
    "http11.send_request_body.complete": "send.written",
    "http11.receive_response_headers.complete": "send.answering",
}


class InjectedFaultError(Exception):
    """A step failed because a test wanted it to."""


def is_test_mode() -> bool:
    """Whether this process is of a test: only then it may be made to die."""
    return os.environ.get(TEST_MODE_VARIABLE) == "1"


def are_armed() -> bool:
    """Whether a test has asked for any point; for those whose name costs something."""
    return bool(_left)


def reach(point: str) -> None:
    """End the process here, or have it stand still, if a test has asked for it and it is this time's turn."""
    if point not in _left:
        return
    turn, stops = _left[point]
    _left[point] = turn - 1, stops
    if turn == 1:
        os.write(2, f"failpoint {point}\n".encode())
        if not stops:
            os._exit(EXIT_STATUS)
        os.kill(os.getpid(), signal.SIGSTOP)


def trip(step: str, subject: str) -> None:
    """Raise InjectedFaultError, if a test has asked for this step to fail for this subject."""
    if (step, subject) in _failing:
        raise InjectedFaultError(f"{step}={subject}")


def http_hooks() -> dict[str, list[Callable[[Any], Awaitable[None]]]]:
    """`event_hooks` for an httpx client, with points inside of the transport. None unless a test asks."""
    return {"request": [_watch]} if _left.keys() & set(_OF_A_SEND.values()) else {}


async def _watch(request: Any) -> None:
    if request.method == "POST" and request.url.path.endswith("/messages"):
        request.extensions = {**request.extensions, "trace": _trace}


async def _trace(step: str, _: Any) -> None:
    if step in _OF_A_SEND:
        reach(_OF_A_SEND[step])


def _read(wanted: str) -> tuple[dict[str, tuple[int, bool]], frozenset[tuple[str, str]]]:
    """The points with their turn and whether they stop, and the failing pairs. Raises ValueError."""
    items = [item.strip() for item in wanted.split(",") if item.strip()]
    pairs = [item.split("=", 1) for item in items if "=" in item]
    turns = [item.rsplit(":", 1) for item in items if "=" not in item]
    points = {point: (int(turn.removesuffix(_STOP)), turn.endswith(_STOP)) for point, turn in turns}
    return points, frozenset((step, subject) for step, subject in pairs)


_left, _failing = _read(os.environ.get(VARIABLE, "") if is_test_mode() else "")
