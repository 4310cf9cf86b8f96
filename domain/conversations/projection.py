"""Which projection of a thread counts: that of the workflow task that began last.

Temporal may discard a task after its projection ran; its retry may know less, and has lower versions then.
So a projection is dated by its task's instant, and a run remembers the date of the last one that counts:
whatever the rows were told in between is of a discarded task, and is taken back (ADR 0018).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.conversations.state import Conversation, ThreadState

NEVER_WAS = "never_was"
"""Why a row is closed whose beginning was decided by a workflow task that Temporal has discarded."""

_MIN_STEP = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class LastWritten:
    """The date of the run's last projection that counts, and the closed conversation of that state.

    The next state may have dropped that conversation, which a discarded task may have reopened.
    """

    at: datetime | None = None
    last_closed: Conversation | None = None

    @classmethod
    def of(cls, state: ThreadState) -> "LastWritten":
        """What a run knows whose state is the one that was written last."""
        return cls(state.written_at, state.last_closed)


NOTHING_WRITTEN = LastWritten()


def date_of_projection(now: datetime, last: LastWritten, refused_by: datetime | None) -> datetime:
    """The task's instant, or later where that is needed to come after what is written already.

    Temporal's clock may go back between two tasks. `refused_by`: the date of the rows that refused the last
    projection, once a later task has proved that those are of a discarded one.
    """
    dates = [each + _MIN_STEP for each in (last.at, refused_by) if each is not None]
    return max(now, *dates) if dates else now
