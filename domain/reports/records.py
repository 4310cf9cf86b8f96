"""What happened, as metrics are computed from it: from the store's tables or from the log of events.

Source of the definitions: docs/reference/metrics.md. Each record counts in the period of one instant of its
own, which its docstring names; presence and slots count for as long as they last.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from domain.routing.capacity import Origin
from domain.routing.operating_hours import ALWAYS_OPEN, OperatingHours
from domain.routing.presence import PresenceKind

RESPONSE_LOOKBACK = timedelta(days=7)
"""A reply answers what the customer wrote in this time before it: Meta allows no reply to anything older."""


@dataclass(frozen=True, slots=True)
class QueueTerms:
    """What a queue's metrics depend on, as it is set now. `service_level`: how long a customer may wait.

    `short_abandon`: who leaves within this time does not count as having given up.
    """

    hours: OperatingHours = ALWAYS_OPEN
    service_level: timedelta | None = None
    short_abandon: timedelta = timedelta(0)


DEFAULT_TERMS = QueueTerms()


@dataclass(frozen=True, slots=True)
class ConversationRecord:
    """A conversation. It counts at `opened_at`.

    `first_session_at`: when its first session began, accepted or not. `accepted_at`, `agent_id`: the first
    acceptance. `first_reply_at`: the first message of an agent that Meta accepted.
    """

    queue_id: str
    workstream_id: str | None
    opened_at: datetime
    closed_at: datetime | None = None
    first_session_at: datetime | None = None
    accepted_at: datetime | None = None
    agent_id: str | None = None
    first_reply_at: datetime | None = None

    @property
    def is_started_by_agent(self) -> bool:
        """Whether an agent began it: nobody can take one in the very instant in which a customer does."""
        return self.first_session_at == self.opened_at


@dataclass(frozen=True, slots=True)
class QueueStayRecord:
    """A conversation's stay in a queue. It counts at `entered_at`.

    `agent_id`: who accepted. `wait_in_hours`: as it was kept; None: follows from the queue's hours of now.
    """

    queue_id: str
    workstream_id: str | None
    entered_at: datetime
    accepted_at: datetime | None = None
    agent_id: str | None = None
    wait_in_hours: timedelta | None = None


class SessionEnd(StrEnum):
    """How a session ended, as far as metrics tell it apart. OTHER: closed, released, moved to waiting."""

    DECLINED = "declined"
    TIMED_OUT = "timed_out"
    TRANSFERRED = "transferred"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """An agent's session, which may have begun as an offer. It counts at `started_at`.

    `is_offer`: somebody else gave it to the agent, who then accepted or did not. `accepted_at` None: they
    never had the conversation. `ended_at` None: it goes on.
    """

    queue_id: str
    workstream_id: str | None
    agent_id: str | None
    started_at: datetime
    is_offer: bool
    accepted_at: datetime | None = None
    ended_at: datetime | None = None
    end: SessionEnd | None = None


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """A message of a customer, or of an agent (`agent_id`) that Meta accepted. It counts at `at`.

    Those of the last RESPONSE_LOOKBACK before the period are needed too: they may be answered in it.
    """

    conversation_id: str
    queue_id: str
    workstream_id: str | None
    at: datetime
    agent_id: str | None = None
    is_inbound: bool = True


@dataclass(frozen=True, slots=True)
class PresenceRecord:
    """An agent's presence in `[begin, end)`, with the units that they could take. Cut to the period."""

    agent_id: str
    begin: datetime
    end: datetime
    presence: PresenceKind
    limit_units: int


@dataclass(frozen=True, slots=True)
class SlotRecord:
    """Units of an agent's capacity that a conversation held in `[begin, end)`. Cut to the period."""

    agent_id: str
    begin: datetime
    end: datetime
    units: int


@dataclass(frozen=True, slots=True)
class Records:
    """All that happened in a period `[begin, end)`. Messages are in the order of their instants."""

    begin: datetime
    end: datetime
    conversations: Sequence[ConversationRecord] = ()
    stays: Sequence[QueueStayRecord] = ()
    sessions: Sequence[SessionRecord] = ()
    messages: Sequence[MessageRecord] = ()
    presence: Sequence[PresenceRecord] = ()
    slots: Sequence[SlotRecord] = ()
    queues: Mapping[str, QueueTerms] = field(default_factory=dict)

    def terms_of(self, queue_id: str) -> QueueTerms:
        """The queue's terms; of one that is gone the usual ones."""
        return self.queues.get(queue_id, DEFAULT_TERMS)


OFFERING = frozenset({Origin.PUSH, Origin.AFFINITY, Origin.PREFERRED, Origin.ASSIGN, Origin.TRANSFER})
"""The origins that give an agent something to accept; by the others they take it themselves."""

_ENDS = {
    "declined": SessionEnd.DECLINED,
    "declined_by_agent": SessionEnd.DECLINED,
    "timed_out": SessionEnd.TIMED_OUT,
    "not_accepted_in_time": SessionEnd.TIMED_OUT,
    "transferred_to_queue": SessionEnd.TRANSFERRED,
    "transferred_to_agent": SessionEnd.TRANSFERRED,
}


def session_end(reason: str | None) -> SessionEnd | None:
    """What a session's closure reason means; None where it goes on."""
    return None if reason is None else _ENDS.get(reason, SessionEnd.OTHER)
