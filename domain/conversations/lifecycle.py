"""The states of a conversation and every way from one to another, as one table.

The states and transitions are those of docs/reference/service-behaviour.md, with reopening after Closed
added: a workstream may allow it for some time. What is not in the table is refused, with the commands that
are allowed
instead.
"""

from dataclasses import dataclass
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
    SUPERVISOR = "supervisor"
    BOT = "bot"
    SYSTEM = "system"


class Trigger(StrEnum):
    """What can move a conversation. Those of agents and supervisors are the names of commands.

    CUSTOMER_RETURNED is the customer's message while the conversation may be reopened, CUSTOMER_MESSAGE any
    other. HANDED_OVER: another app hands the thread to us while the customer waits. What is listed under
    "routing" has a row in the table and, so far, no cause.
    """

    CUSTOMER_MESSAGE = "customer_message"
    CUSTOMER_RETURNED = "customer_returned"
    HANDED_OVER = "handed_over"
    START = "start"
    PICK = "pick"
    CLOSE_SESSION = "close_session"
    REOPEN = "reopen"
    RELEASE = "release"
    END = "end"
    COMPLETE = "complete"
    FORCE_CLOSE = "force_close"
    IDLE_TOO_LONG = "idle_too_long"
    WAITING_TOO_LONG = "waiting_too_long"
    WRAP_UP_TOO_LONG = "wrap_up_too_long"
    RULE_CLOSES = "rule_closes"
    RULE_MOVES_TO_WAITING = "rule_moves_to_waiting"
    # routing
    PUSH = "push"
    ASSIGN = "assign"
    TRANSFER = "transfer"
    TRANSFER_TO_QUEUE = "transfer_to_queue"
    DECLINE = "decline"
    NOTIFICATION_TIMED_OUT = "notification_timed_out"
    AGENT_DISCONNECTED = "agent_disconnected"
    BOT_ESCALATES = "bot_escalates"
    BOT_ENDS = "bot_ends"
    OVERFLOW = "overflow"
    QUEUE_WITHOUT_AGENTS = "queue_without_agents"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table: from `source` (None: no conversation yet) by `trigger` to `target`."""

    source: Status | None
    trigger: Trigger
    actor: ActorKind
    target: Status
    reason: str


_T = Trigger
_CUSTOMER, _AGENT, _SUPERVISOR = ActorKind.CUSTOMER, ActorKind.AGENT, ActorKind.SUPERVISOR
_BOT, _SYSTEM = ActorKind.BOT, ActorKind.SYSTEM
_OPEN, _ACTIVE, _WAITING = Status.OPEN, Status.ACTIVE, Status.WAITING
_WRAP_UP, _CLOSED = Status.WRAP_UP, Status.CLOSED

TRANSITIONS: tuple[Transition, ...] = (
    Transition(None, _T.CUSTOMER_MESSAGE, _CUSTOMER, _OPEN, "customer_wrote"),
    Transition(None, _T.HANDED_OVER, _SYSTEM, _OPEN, "handed_over"),
    Transition(None, _T.START, _AGENT, _ACTIVE, "started_by_agent"),
    Transition(_OPEN, _T.PICK, _AGENT, _ACTIVE, "picked_by_agent"),
    Transition(_OPEN, _T.PUSH, _SYSTEM, _ACTIVE, "assigned_by_routing"),
    Transition(_OPEN, _T.ASSIGN, _SUPERVISOR, _ACTIVE, "assigned_by_supervisor"),
    Transition(_OPEN, _T.IDLE_TOO_LONG, _SYSTEM, _CLOSED, "open_for_too_long"),
    Transition(_OPEN, _T.RULE_CLOSES, _SYSTEM, _CLOSED, "closed_by_rule"),
    Transition(_OPEN, _T.FORCE_CLOSE, _SUPERVISOR, _CLOSED, "closed_by_supervisor"),
    Transition(_OPEN, _T.OVERFLOW, _SYSTEM, _CLOSED, "closed_by_overflow"),
    Transition(_OPEN, _T.QUEUE_WITHOUT_AGENTS, _SYSTEM, _CLOSED, "queue_has_no_agents"),
    Transition(_ACTIVE, _T.CLOSE_SESSION, _AGENT, _WAITING, "session_closed_by_agent"),
    Transition(_ACTIVE, _T.RULE_MOVES_TO_WAITING, _SYSTEM, _WAITING, "moved_to_waiting_by_rule"),
    Transition(_ACTIVE, _T.RELEASE, _AGENT, _OPEN, "released_by_agent"),
    Transition(_ACTIVE, _T.TRANSFER_TO_QUEUE, _AGENT, _OPEN, "transferred_to_queue"),
    Transition(_ACTIVE, _T.DECLINE, _AGENT, _OPEN, "declined_by_agent"),
    Transition(_ACTIVE, _T.NOTIFICATION_TIMED_OUT, _SYSTEM, _OPEN, "not_accepted_in_time"),
    Transition(_ACTIVE, _T.AGENT_DISCONNECTED, _SYSTEM, _OPEN, "agent_disconnected"),
    Transition(_ACTIVE, _T.BOT_ESCALATES, _BOT, _OPEN, "escalated_by_bot"),
    Transition(_ACTIVE, _T.TRANSFER, _AGENT, _ACTIVE, "transferred_to_agent"),
    Transition(_ACTIVE, _T.END, _AGENT, _WRAP_UP, "ended_by_agent"),
    Transition(_ACTIVE, _T.BOT_ENDS, _BOT, _CLOSED, "ended_by_bot"),
    Transition(_ACTIVE, _T.IDLE_TOO_LONG, _SYSTEM, _CLOSED, "active_for_too_long"),
    Transition(_ACTIVE, _T.RULE_CLOSES, _SYSTEM, _CLOSED, "closed_by_rule"),
    Transition(_ACTIVE, _T.FORCE_CLOSE, _SUPERVISOR, _CLOSED, "closed_by_supervisor"),
    Transition(_WAITING, _T.CUSTOMER_MESSAGE, _CUSTOMER, _OPEN, "customer_wrote_again"),
    Transition(_WAITING, _T.HANDED_OVER, _SYSTEM, _OPEN, "handed_over"),
    Transition(_WAITING, _T.REOPEN, _AGENT, _ACTIVE, "reopened_by_agent"),
    Transition(_WAITING, _T.WAITING_TOO_LONG, _SYSTEM, _CLOSED, "waiting_for_too_long"),
    Transition(_WAITING, _T.RULE_CLOSES, _SYSTEM, _CLOSED, "closed_by_rule"),
    Transition(_WAITING, _T.FORCE_CLOSE, _SUPERVISOR, _CLOSED, "closed_by_supervisor"),
    Transition(_WRAP_UP, _T.COMPLETE, _AGENT, _CLOSED, "completed_by_agent"),
    Transition(_WRAP_UP, _T.CUSTOMER_MESSAGE, _SYSTEM, _CLOSED, "customer_wrote_in_wrap_up"),
    Transition(_WRAP_UP, _T.HANDED_OVER, _SYSTEM, _CLOSED, "handed_over_in_wrap_up"),
    Transition(_WRAP_UP, _T.CUSTOMER_RETURNED, _CUSTOMER, _OPEN, "customer_wrote_again"),
    Transition(_WRAP_UP, _T.WRAP_UP_TOO_LONG, _SYSTEM, _CLOSED, "wrap_up_for_too_long"),
    Transition(_WRAP_UP, _T.FORCE_CLOSE, _SUPERVISOR, _CLOSED, "closed_by_supervisor"),
    Transition(_CLOSED, _T.REOPEN, _AGENT, _ACTIVE, "reopened_by_agent"),
    Transition(_CLOSED, _T.CUSTOMER_RETURNED, _CUSTOMER, _OPEN, "customer_wrote_again"),
)

AWAITED_TRIGGERS = frozenset(
    {
        _T.PUSH,
        _T.ASSIGN,
        _T.TRANSFER,
        _T.TRANSFER_TO_QUEUE,
        _T.DECLINE,
        _T.NOTIFICATION_TIMED_OUT,
        _T.AGENT_DISCONNECTED,
        _T.BOT_ESCALATES,
        _T.BOT_ENDS,
        _T.OVERFLOW,
        _T.QUEUE_WITHOUT_AGENTS,
    }
)
"""Triggers that come with routing and bots; until then nothing pulls them."""

_BY_SOURCE_AND_TRIGGER = {(row.source, row.trigger): row for row in TRANSITIONS}


def transition(source: Status | None, trigger: Trigger) -> Transition | None:
    """The row for `trigger` in `source`, or None where the table has none."""
    return _BY_SOURCE_AND_TRIGGER.get((source, trigger))


def allowed_commands(source: Status, *, supervises: bool) -> list[str]:
    """What a person may ask for in `source`, for the refusal of what they may not."""
    people = (_AGENT, _SUPERVISOR) if supervises else (_AGENT,)
    commands = [
        row.trigger.value
        for row in TRANSITIONS
        if row.source == source and row.actor in people and row.trigger not in AWAITED_TRIGGERS
    ]
    return [*commands, "reply"] if source is Status.ACTIVE else commands
