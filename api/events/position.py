"""The ids of the stream: opaque names of places in the log of events.

An id names the log as well as the place, for a number alone would mean something in every installation, and
something else in a log that was restored from a backup.
"""

from dataclasses import dataclass

from api.http.paging import CursorOf, Number
from api.http.problems import Problem

_IDS = CursorOf("events", tuple[str, Number])
_NO_LOG = ""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a log: after the event with this number. 0 is before the first.

    `log_id` is None for the log that is here, whichever that is.
    """

    log_id: str | None
    number: int


def write_id(log_id: str, number: int) -> str:
    """What a reader is given as `id`, and gives back in `Last-Event-ID`."""
    return _IDS.write((log_id, number))


def read_id(given: str) -> Position:
    """The position that an id names. What is no id of ours names a place in no log."""
    try:
        found = _IDS.read(given)
    except Problem:
        found = None
    return Position(*found) if found is not None else Position(_NO_LOG, 0)
