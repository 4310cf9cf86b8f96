"""The states of a conversation and every way from one to another, as one table.

Beside it, where people may change who takes part in a conversation, which moves it nowhere.

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


OWING = (Status.OPEN, Status.ACTIVE)
"""In these the customer may be owed an answer."""


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
    other. HANDED_OVER: another app hands the thread to us while the customer waits. AUTO_ASSIGN: the time of
    an offer is up, and the agent has it without an answer. AGENT_DISCONNECTED_IDLE: as AGENT_DISCONNECTED,
    while nobody is owed an answer. What is in `WITHOUT_CAUSE` has a row in the table and, so far, no cause.
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
    RULE_RETURNS_TO_QUEUE = "rule_returns_to_queue"
    PUSH = "push"
    ASSIGN = "assign"
    ASSIGN_TO_QUEUE = "assign_to_queue"
    TRANSFER = "transfer"
    TRANSFER_TO_QUEUE = "transfer_to_queue"
    ACCEPT = "accept"
    AUTO_ASSIGN = "auto_assign"
    DECLINE = "decline"
    NOTIFICATION_TIMED_OUT = "notification_timed_out"
    AGENT_DISCONNECTED = "agent_disconnected"
    AGENT_DISCONNECTED_IDLE = "agent_disconnected_idle"
    OVERFLOW_TO_QUEUE = "overflow_to_queue"
    BOT_ESCALATES = "bot_escalates"
    BOT_ENDS = "bot_ends"
    OVERFLOW = "overflow"
    QUEUE_WITHOUT_AGENTS = "queue_without_agents"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table: from `source` (None: no conversation yet) by `trigger` to `target`.

    `while_in`: the phase of Active that it needs; None: either. `phase`: that of the target, if it is Active.
    """

    source: Status | None
    trigger: Trigger
    actor: ActorKind
    target: Status
    reason: str
    while_in: Phase | None = None
    phase: Phase | None = None


_T = Trigger
_CUSTOMER, _AGENT, _SUPERVISOR = ActorKind.CUSTOMER, ActorKind.AGENT, ActorKind.SUPERVISOR
_BOT, _SYSTEM = ActorKind.BOT, ActorKind.SYSTEM
_OPEN, _ACTIVE, _WAITING = Status.OPEN, Status.ACTIVE, Status.WAITING
_WRAP_UP, _CLOSED = Status.WRAP_UP, Status.CLOSED
_OFFERED, _TALKING = Phase.AWAITING_ACCEPTANCE, Phase.IN_CONVERSATION

TRANSITIONS: tuple[Transition, ...] = (
    Transition(None, _T.CUSTOMER_MESSAGE, _CUSTOMER, _OPEN, "customer_wrote"),
    Transition(None, _T.HANDED_OVER, _SYSTEM, _OPEN, "handed_over"),
    Transition(None, _T.START, _AGENT, _ACTIVE, "started_by_agent", phase=_TALKING),
    Transition(_OPEN, _T.PICK, _AGENT, _ACTIVE, "picked_by_agent", phase=_TALKING),
    Transition(_OPEN, _T.PUSH, _SYSTEM, _ACTIVE, "assigned_by_routing", phase=_OFFERED),
    Transition(_OPEN, _T.ASSIGN, _SUPERVISOR, _ACTIVE, "assigned_by_supervisor", phase=_OFFERED),
    Transition(_OPEN, _T.ASSIGN_TO_QUEUE, _SUPERVISOR, _OPEN, "assigned_to_queue_by_supervisor"),
    Transition(_OPEN, _T.OVERFLOW_TO_QUEUE, _SYSTEM, _OPEN, "moved_by_overflow"),
    Transition(_OPEN, _T.IDLE_TOO_LONG, _SYSTEM, _CLOSED, "open_for_too_long"),
    Transition(_OPEN, _T.RULE_CLOSES, _SYSTEM, _CLOSED, "closed_by_rule"),
    Transition(_OPEN, _T.FORCE_CLOSE, _SUPERVISOR, _CLOSED, "closed_by_supervisor"),
    Transition(_OPEN, _T.OVERFLOW, _SYSTEM, _CLOSED, "closed_by_overflow"),
    Transition(_OPEN, _T.QUEUE_WITHOUT_AGENTS, _SYSTEM, _CLOSED, "queue_has_no_agents"),
    Transition(_ACTIVE, _T.ACCEPT, _AGENT, _ACTIVE, "accepted_by_agent", _OFFERED, _TALKING),
    Transition(_ACTIVE, _T.AUTO_ASSIGN, _SYSTEM, _ACTIVE, "assigned_automatically", _OFFERED, _TALKING),
    Transition(_ACTIVE, _T.PICK, _AGENT, _ACTIVE, "picked_by_agent", _OFFERED, _TALKING),
    Transition(_ACTIVE, _T.ASSIGN, _SUPERVISOR, _ACTIVE, "assigned_by_supervisor", _OFFERED, _OFFERED),
    Transition(_ACTIVE, _T.TRANSFER, _AGENT, _ACTIVE, "transferred_to_agent", _TALKING, _OFFERED),
    Transition(_ACTIVE, _T.CLOSE_SESSION, _AGENT, _WAITING, "session_closed_by_agent", _TALKING),
    Transition(_ACTIVE, _T.RULE_MOVES_TO_WAITING, _SYSTEM, _WAITING, "moved_to_waiting_by_rule", _TALKING),
    Transition(_ACTIVE, _T.RULE_RETURNS_TO_QUEUE, _SYSTEM, _OPEN, "returned_to_queue_by_rule", _TALKING),
    Transition(_ACTIVE, _T.AGENT_DISCONNECTED_IDLE, _SYSTEM, _WAITING, "agent_disconnected", _TALKING),
    Transition(_ACTIVE, _T.RELEASE, _AGENT, _OPEN, "released_by_agent", _TALKING),
    Transition(_ACTIVE, _T.TRANSFER_TO_QUEUE, _AGENT, _OPEN, "transferred_to_queue", _TALKING),
    Transition(_ACTIVE, _T.ASSIGN_TO_QUEUE, _SUPERVISOR, _OPEN, "assigned_to_queue_by_supervisor", _OFFERED),
    Transition(_ACTIVE, _T.DECLINE, _AGENT, _OPEN, "declined_by_agent", _OFFERED),
    Transition(_ACTIVE, _T.NOTIFICATION_TIMED_OUT, _SYSTEM, _OPEN, "not_accepted_in_time", _OFFERED),
    Transition(_ACTIVE, _T.AGENT_DISCONNECTED, _SYSTEM, _OPEN, "agent_disconnected"),
    Transition(_ACTIVE, _T.BOT_ESCALATES, _BOT, _OPEN, "escalated_by_bot"),
    Transition(_ACTIVE, _T.END, _AGENT, _WRAP_UP, "ended_by_agent", _TALKING),
    Transition(_ACTIVE, _T.BOT_ENDS, _BOT, _CLOSED, "ended_by_bot"),
    Transition(_ACTIVE, _T.IDLE_TOO_LONG, _SYSTEM, _CLOSED, "active_for_too_long"),
    Transition(_ACTIVE, _T.RULE_CLOSES, _SYSTEM, _CLOSED, "closed_by_rule"),
    Transition(_ACTIVE, _T.FORCE_CLOSE, _SUPERVISOR, _CLOSED, "closed_by_supervisor"),
    Transition(_WAITING, _T.CUSTOMER_MESSAGE, _CUSTOMER, _OPEN, "customer_wrote_again"),
    Transition(_WAITING, _T.HANDED_OVER, _SYSTEM, _OPEN, "handed_over"),
    Transition(_WAITING, _T.REOPEN, _AGENT, _ACTIVE, "reopened_by_agent", phase=_TALKING),
    Transition(_WAITING, _T.TRANSFER, _AGENT, _ACTIVE, "transferred_to_agent", phase=_OFFERED),
    Transition(_WAITING, _T.WAITING_TOO_LONG, _SYSTEM, _CLOSED, "waiting_for_too_long"),
    Transition(_WAITING, _T.RULE_CLOSES, _SYSTEM, _CLOSED, "closed_by_rule"),
    Transition(_WAITING, _T.FORCE_CLOSE, _SUPERVISOR, _CLOSED, "closed_by_supervisor"),
    Transition(_WRAP_UP, _T.COMPLETE, _AGENT, _CLOSED, "completed_by_agent"),
    Transition(_WRAP_UP, _T.CUSTOMER_MESSAGE, _SYSTEM, _CLOSED, "customer_wrote_in_wrap_up"),
    Transition(_WRAP_UP, _T.HANDED_OVER, _SYSTEM, _CLOSED, "handed_over_in_wrap_up"),
    Transition(_WRAP_UP, _T.CUSTOMER_RETURNED, _CUSTOMER, _OPEN, "customer_wrote_again"),
    Transition(_WRAP_UP, _T.WRAP_UP_TOO_LONG, _SYSTEM, _CLOSED, "wrap_up_for_too_long"),
    Transition(_WRAP_UP, _T.FORCE_CLOSE, _SUPERVISOR, _CLOSED, "closed_by_supervisor"),
    Transition(_CLOSED, _T.REOPEN, _AGENT, _ACTIVE, "reopened_by_agent", phase=_TALKING),
    Transition(_CLOSED, _T.CUSTOMER_RETURNED, _CUSTOMER, _OPEN, "customer_wrote_again"),
)


class Participation(StrEnum):
    """Commands about who takes part in a conversation beside its agent. They move it nowhere."""

    CONSULT = "consult"
    JOIN = "join"
    MONITOR = "monitor"
    LEAVE = "leave"
    REMOVE = "remove_participant"


_Place = Status | Phase
_TAKEN: frozenset[_Place] = frozenset({_TALKING, _WAITING, _WRAP_UP})
_THERE: frozenset[_Place] = _TAKEN | {_OFFERED}

PARTICIPATION: dict[Participation, frozenset[_Place]] = {
    Participation.CONSULT: frozenset({_TALKING}),
    Participation.JOIN: frozenset({_TALKING}),
    Participation.MONITOR: _TAKEN,
    Participation.LEAVE: _THERE,
    Participation.REMOVE: _THERE,
}
"""Where each of them is possible; of Active its phases are named (docs/reference/service-behaviour.md)."""

WITHOUT_CAUSE = frozenset({_T.BOT_ESCALATES, _T.BOT_ENDS})
"""Triggers that come with bots."""

_BY_SOURCE_AND_TRIGGER = {(row.source, row.trigger): row for row in TRANSITIONS}


def transition(source: Status | None, trigger: Trigger, phase: Phase | None = None) -> Transition | None:
    """The row for `trigger` in `source`, in that phase of Active; None where the table has none."""
    row = _BY_SOURCE_AND_TRIGGER.get((source, trigger))
    return row if row is not None and row.while_in in (None, phase) else None


def allowed_commands(
    source: Status, *, supervises: bool, phase: Phase | None = None, may_pick: bool = True
) -> list[str]:
    """What a person may ask for in `source`, for the refusal of what they may not.

    `phase`: of Active, in conversation unless it says otherwise.
    """
    phase = phase or (_TALKING if source is _ACTIVE else None)
    people = (_AGENT, _SUPERVISOR) if supervises else (_AGENT,)
    commands = [
        row.trigger.value
        for row in TRANSITIONS
        if row.source == source
        and row.while_in in (None, phase)
        and row.actor in people
        and (may_pick or row.trigger is not _T.PICK)
    ]
    return [*commands, "reply"] if phase is _TALKING else commands
