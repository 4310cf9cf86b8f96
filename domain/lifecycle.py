"""The states of a conversation and every way from one to another, as one table.

The states and transitions are those of the reference system's Facebook channel (service behaviour 2.1). What
is not in the table is refused, with what would be legal instead.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Status(StrEnum):
    """Where a conversation stands."""

    OPEN = "open"
    ACTIVE = "active"
    WAITING = "waiting"
    WRAP_UP = "wrap_up"
    CLOSED = "closed"


class Phase(StrEnum):
    """The two halves of Active."""

    AWAITING_ACCEPTANCE = "awaiting_acceptance"
    IN_CONVERSATION = "in_conversation"


class ActorKind(StrEnum):
    """Who made something happen."""

    CUSTOMER = "customer"
    AGENT = "agent"
    SYSTEM = "system"


class Trigger(StrEnum):
    """What can move a conversation. The agent's triggers are the names of commands."""

    CUSTOMER_MESSAGE = "customer_message"
    PICK = "pick"
    CLOSE_SESSION = "close_session"
    REOPEN = "reopen"
    END = "end"
    COMPLETE = "complete"
    IDLE_TOO_LONG = "idle_too_long"
    WAITING_TOO_LONG = "waiting_too_long"
    WRAP_UP_TOO_LONG = "wrap_up_too_long"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table: from `source` (None: no conversation yet) by `trigger` to `target`."""

    source: Status | None
    trigger: Trigger
    actor: ActorKind
    target: Status
    reason: str


_CUSTOMER, _AGENT, _SYSTEM = ActorKind.CUSTOMER, ActorKind.AGENT, ActorKind.SYSTEM

TRANSITIONS: tuple[Transition, ...] = (
    Transition(None, Trigger.CUSTOMER_MESSAGE, _CUSTOMER, Status.OPEN, "customer_wrote"),
    Transition(Status.OPEN, Trigger.PICK, _AGENT, Status.ACTIVE, "picked_by_agent"),
    Transition(Status.OPEN, Trigger.IDLE_TOO_LONG, _SYSTEM, Status.CLOSED, "open_for_too_long"),
    Transition(Status.ACTIVE, Trigger.CLOSE_SESSION, _AGENT, Status.WAITING, "session_closed_by_agent"),
    Transition(Status.ACTIVE, Trigger.END, _AGENT, Status.WRAP_UP, "ended_by_agent"),
    Transition(Status.ACTIVE, Trigger.IDLE_TOO_LONG, _SYSTEM, Status.CLOSED, "active_for_too_long"),
    Transition(Status.WAITING, Trigger.CUSTOMER_MESSAGE, _CUSTOMER, Status.OPEN, "customer_wrote_again"),
    Transition(Status.WAITING, Trigger.REOPEN, _AGENT, Status.ACTIVE, "reopened_by_agent"),
    Transition(Status.WAITING, Trigger.WAITING_TOO_LONG, _SYSTEM, Status.CLOSED, "waiting_for_too_long"),
    Transition(Status.WRAP_UP, Trigger.COMPLETE, _AGENT, Status.CLOSED, "completed_by_agent"),
    Transition(Status.WRAP_UP, Trigger.CUSTOMER_MESSAGE, _SYSTEM, Status.CLOSED, "customer_wrote_in_wrap_up"),
    Transition(Status.WRAP_UP, Trigger.WRAP_UP_TOO_LONG, _SYSTEM, Status.CLOSED, "wrap_up_for_too_long"),
)

_BY_SOURCE_AND_TRIGGER = {(row.source, row.trigger): row for row in TRANSITIONS}

# Service behaviour 2.2: 30 days for Open and Active, 1 day for Wrap-up; Waiting has its workstream's setting.
IDLE_LIMIT = timedelta(days=30)
WRAP_UP_LIMIT = timedelta(days=1)

# Which trigger a status runs into by itself, and how long that takes (None: the workstream's setting).
EXPIRY: dict[Status, tuple[Trigger, timedelta | None]] = {
    Status.OPEN: (Trigger.IDLE_TOO_LONG, IDLE_LIMIT),
    Status.ACTIVE: (Trigger.IDLE_TOO_LONG, IDLE_LIMIT),
    Status.WAITING: (Trigger.WAITING_TOO_LONG, None),
    Status.WRAP_UP: (Trigger.WRAP_UP_TOO_LONG, WRAP_UP_LIMIT),
}


def transition(source: Status | None, trigger: Trigger) -> Transition | None:
    """The row for `trigger` in `source`, or None where the table has none."""
    return _BY_SOURCE_AND_TRIGGER.get((source, trigger))


def legal_commands(source: Status) -> list[str]:
    """The agent's commands that are legal in `source`, for the refusal of one that is not."""
    commands = [row.trigger.value for row in TRANSITIONS if row.source == source and row.actor == _AGENT]
    return [*commands, "reply"] if source is Status.ACTIVE else commands
