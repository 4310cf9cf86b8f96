"""What a thread's workflow knows, and how messages, commands and deadlines change it.

Every function takes a state and returns a `Change` (the next state and the facts to record, nothing done yet)
or a `Refusal` (nothing changed). The shell applies the state at once and performs the effects afterwards.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.lifecycle import (
    EXPIRY,
    ActorKind,
    Phase,
    Status,
    Transition,
    Trigger,
    legal_commands,
    transition,
)
from domain.sending import ContentKind, RefusalCode, SenderKind, SendRefusal, decide_send
from domain.window import NEVER_OPENED, Opening, Window

NewId = Callable[[], str]

_REMEMBERED_COMMANDS = 50

_WHY_NOT: dict[RefusalCode, str] = {
    RefusalCode.WINDOW_NEVER_OPENED: "The customer has not written yet; Meta allows no message before that.",
    RefusalCode.WINDOW_CLOSED: "Meta's messaging window is closed until the customer writes again.",
    RefusalCode.HUMAN_AGENT_TAG_OFF: (
        "Meta's 24-hour window is closed and this session does not have the human agent tag."
    ),
    RefusalCode.AUTOMATIC_OUTSIDE_WINDOW: "Outside Meta's 24-hour window only a person may write.",
}


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """The settings of page and workstream as they were when a command was given."""

    human_agent_tag: bool = False
    auto_close_waiting_after: int = 28 * 24 * 3600


@dataclass(frozen=True, slots=True)
class AgentSession:
    """One agent's turn; it keeps the human agent tag as it was when the turn began."""

    id: str
    number: int
    agent_id: str
    human_agent_tag: bool
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Conversation:
    """One piece of work.

    `agent_id` is who has it, or had it last; nobody while it is Open. `expires_at` is the instant at which
    its status ends by itself.
    """

    id: str
    status: Status
    status_reason: str
    status_changed_at: datetime
    opened_at: datetime
    phase: Phase | None = None
    agent_id: str | None = None
    session: AgentSession | None = None
    sessions: int = 0
    expires_at: datetime | None = None
    closed_at: datetime | None = None
    last_message_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class QueuedSend:
    """A message that waits for its turn to be sent. Its text and status are the store's."""

    message_id: str
    sender_kind: SenderKind
    conversation_id: str
    tag_on: bool = False
    trigger: str | None = None
    tries: int = 0
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class AppliedCommand:
    """A command already applied: repeated under the same id it gets the same answer."""

    command_id: str
    conversation_id: str
    status: Status


@dataclass(frozen=True, slots=True)
class ThreadState:
    """All that the workflow of a thread carries from task to task and from run to run."""

    applied_seq: int = 0
    window: Window = NEVER_OPENED
    conversation: Conversation | None = None
    outbox: tuple[QueuedSend, ...] = ()
    applied_commands: tuple[AppliedCommand, ...] = ()
    version: int = 0

    def with_next_version(self) -> "ThreadState":
        """The same state, numbered as the result of one more change."""
        return replace(self, version=self.version + 1)

    def after_skipping(self, seq: int) -> "ThreadState":
        """The same state with one event passed over."""
        return replace(self, applied_seq=max(self.applied_seq, seq))


class ThreadEventKind(StrEnum):
    """What the relay tells a conversation. What is no message only opens or extends the window."""

    MESSAGE = "message"
    POSTBACK = "postback"
    ENTRY = "entry"
    STANDBY_MESSAGE = "standby_message"
    OUTSIDE_MESSAGE = "outside_message"
    WINDOW_OPENING = "window_opening"


_OPENS_WORK = {ThreadEventKind.MESSAGE, ThreadEventKind.POSTBACK, ThreadEventKind.ENTRY}


@dataclass(frozen=True, slots=True)
class ThreadEvent:
    """A fact about the thread, in the order of `seq`."""

    seq: int
    kind: ThreadEventKind
    at: datetime
    opening: Opening | None = None
    message_id: str | None = None

    @property
    def opens_work(self) -> bool:
        """Whether it asks for a conversation where there is none."""
        return self.kind in _OPENS_WORK


@dataclass(frozen=True, slots=True)
class Command:
    """What an agent asks for. `action` is a `Trigger` of the agent, or `reply`."""

    action: str
    command_id: str
    conversation_id: str
    agent_id: str
    supervises: bool = False
    message_id: str | None = None
    settings: LiveSettings = LiveSettings()


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened, for the timeline and the event stream. Carries ids, never words."""

    kind: str
    at: datetime
    actor_kind: ActorKind
    actor_id: str | None = None
    conversation_id: str | None = None
    message_id: str | None = None
    data: dict[str, str | bool | int | None] | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """The next state and what is to be recorded. `attached`: (conversation id, message id) pairs."""

    state: ThreadState
    facts: tuple[Fact, ...] = ()
    attached: tuple[tuple[str, str], ...] = ()
    settled: tuple[Conversation, ...] = ()
    created_sends: tuple[QueuedSend, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a command changes nothing, with what would be legal now."""

    code: str
    detail: str
    status: Status | None = None
    legal: tuple[str, ...] = ()
    window: Window | None = None


def apply_event(state: ThreadState, event: ThreadEvent, now: datetime, new_id: NewId) -> Change:
    """Apply one event of the thread; events already seen change nothing."""
    if event.seq <= state.applied_seq:
        return Change(state)
    window = state.window.extended_by(event.opening) if event.opening else state.window
    change = Change(replace(state, applied_seq=event.seq, window=window))
    if event.opens_work:
        change = _want_conversation(change, event, now, new_id)
    conversation = change.state.conversation
    if event.kind is ThreadEventKind.WINDOW_OPENING or conversation is None:
        return change
    outside = event.kind is ThreadEventKind.OUTSIDE_MESSAGE
    fact = Fact(
        "message.received_from_outside" if outside else "message.received",
        event.at,
        ActorKind.SYSTEM if outside else ActorKind.CUSTOMER,
        None,
        conversation.id,
        event.message_id,
        {"kind": event.kind, "seq": event.seq},
    )
    attached = ((conversation.id, event.message_id),) if event.message_id else ()
    return replace(
        change,
        state=replace(change.state, conversation=_touched(conversation, event.at, now)),
        facts=(*change.facts, fact),
        attached=(*change.attached, *attached),
    )


def decide(state: ThreadState, command: Command, now: datetime, new_id: NewId) -> Change | Refusal:
    """Answer an agent's command. The same command id again changes nothing."""
    if applied_before(state, command.command_id):
        return Change(state)
    conversation = state.conversation
    if conversation is None or conversation.id != command.conversation_id:
        return Refusal("conversation_closed", "This conversation is closed.", Status.CLOSED)
    if command.action == "reply":
        outcome = _decide_reply(state, conversation, command, now)
    else:
        outcome = _decide_transition(state, conversation, command, now, new_id)
    return outcome if isinstance(outcome, Refusal) else _remembered(outcome, command)


def applied_before(state: ThreadState, command_id: str) -> AppliedCommand | None:
    """The remembered answer of a command, if it was applied."""
    return next((one for one in state.applied_commands if one.command_id == command_id), None)


def expire(state: ThreadState, now: datetime) -> Change:
    """Let the conversation run into its deadline, if that has come."""
    conversation = state.conversation
    if conversation is None or conversation.expires_at is None or now < conversation.expires_at:
        return Change(state)
    trigger, _ = EXPIRY[conversation.status]
    row = transition(conversation.status, trigger)
    if row is None:
        raise LookupError(f"No transition for {trigger} in {conversation.status}.")
    # The record carries the deadline's instant even if a busy engine fires late.
    return _moved(Change(state), conversation, row, conversation.expires_at, actor_id=None)


def next_deadline(state: ThreadState, now: datetime) -> datetime | None:
    """The earliest instant after `now` at which something happens without anybody's doing."""
    instants = [send.not_before for send in state.outbox[:1] if send.not_before and send.not_before > now]
    if state.conversation and state.conversation.expires_at:
        instants.append(state.conversation.expires_at)
    return min(instants, default=None)


def lives(state: ThreadState) -> bool:
    """Whether anything in the thread still needs its workflow."""
    return state.conversation is not None or bool(state.outbox)


def send_settled(state: ThreadState, message_id: str) -> ThreadState:
    """The state after a queued send was sent, failed or parked."""
    return replace(state, outbox=tuple(send for send in state.outbox if send.message_id != message_id))


def send_postponed(state: ThreadState, message_id: str, until: datetime) -> ThreadState:
    """The state after an attempt that certainly sent nothing: the message waits at the head of the queue."""
    return replace(
        state,
        outbox=tuple(
            replace(send, tries=send.tries + 1, not_before=until) if send.message_id == message_id else send
            for send in state.outbox
        ),
    )


def _want_conversation(change: Change, event: ThreadEvent, now: datetime, new_id: NewId) -> Change:
    conversation = change.state.conversation
    if conversation is not None:
        row = transition(conversation.status, Trigger.CUSTOMER_MESSAGE)
        if row is None:
            return change
        change = _moved(change, conversation, row, now, actor_id=None)
        if change.state.conversation is not None:
            return change
    return _opened(change, event, now, new_id)


def _opened(change: Change, event: ThreadEvent, now: datetime, new_id: NewId) -> Change:
    row = transition(None, Trigger.CUSTOMER_MESSAGE)
    if row is None:
        raise LookupError("The lifecycle has no way to open a conversation.")
    conversation = _expiring(Conversation(new_id(), row.target, row.reason, now, opened_at=now), now)
    greeting = QueuedSend(new_id(), SenderKind.AUTOMATIC, conversation.id, trigger="greeting")
    fact = Fact(
        "conversation.opened", now, row.actor, None, conversation.id, event.message_id, {"reason": row.reason}
    )
    return replace(
        change,
        state=replace(change.state, conversation=conversation, outbox=(*change.state.outbox, greeting)),
        facts=(*change.facts, fact),
        created_sends=(*change.created_sends, greeting),
    )


def _decide_reply(
    state: ThreadState, conversation: Conversation, command: Command, now: datetime
) -> Change | Refusal:
    session = conversation.session
    if conversation.status is not Status.ACTIVE or session is None:
        return _illegal(conversation, command.action)
    if session.agent_id != command.agent_id:
        return Refusal("not_your_conversation", "Another agent has this conversation.", conversation.status)
    permission = decide_send(
        now, state.window, SenderKind.AGENT, ContentKind.MESSAGE, tag_on=session.human_agent_tag
    )
    if isinstance(permission, SendRefusal):
        why = _WHY_NOT[permission.code]
        return Refusal(permission.code, why, conversation.status, window=state.window)
    if command.message_id is None:
        raise ValueError("A reply needs its message id.")
    send = QueuedSend(command.message_id, SenderKind.AGENT, conversation.id, tag_on=session.human_agent_tag)
    fact = Fact("message.queued", now, ActorKind.AGENT, command.agent_id, conversation.id, command.message_id)
    return Change(
        replace(state, conversation=_touched(conversation, now, now), outbox=(*state.outbox, send)),
        facts=(fact,),
        attached=((conversation.id, command.message_id),),
    )


def _decide_transition(
    state: ThreadState, conversation: Conversation, command: Command, now: datetime, new_id: NewId
) -> Change | Refusal:
    row = transition(conversation.status, Trigger(command.action))
    if row is None or row.actor is not ActorKind.AGENT:
        if command.action == Trigger.PICK and conversation.status is Status.ACTIVE:
            if conversation.agent_id == command.agent_id:
                return Change(state)  # picked already, by the same agent: a click too many
            return Refusal("already_picked", "Another agent was faster.", conversation.status)
        return _illegal(conversation, command.action)
    others = conversation.agent_id not in (None, command.agent_id)
    if others and not command.supervises:
        return Refusal("not_your_conversation", "Another agent has this conversation.", conversation.status)
    return _moved(
        Change(state), conversation, row, now, actor_id=command.agent_id, command=command, new_id=new_id
    )


def _illegal(conversation: Conversation, action: str) -> Refusal:
    return Refusal(
        "not_legal_now",
        f"{action} is not possible while the conversation is {conversation.status}.",
        conversation.status,
        tuple(legal_commands(conversation.status)),
    )


def _moved(
    change: Change,
    conversation: Conversation,
    row: Transition,
    at: datetime,
    *,
    actor_id: str | None,
    command: Command | None = None,
    new_id: NewId | None = None,
) -> Change:
    """Take one row of the table: new status, session begun or closed, deadline set, facts recorded."""
    moved = replace(
        conversation,
        status=row.target,
        status_reason=row.reason,
        status_changed_at=at,
        phase=Phase.IN_CONVERSATION if row.target is Status.ACTIVE else None,
        agent_id=None if row.target is Status.OPEN else conversation.agent_id,
    )
    facts: list[Fact] = []
    if row.target is Status.ACTIVE and command is not None and new_id is not None:
        moved = _session_started(moved, command, at, new_id, facts)
    elif row.target in (Status.WAITING, Status.CLOSED) and moved.session is not None:
        facts.append(_session_closed(moved.session, moved.id, row, at, actor_id))
        moved = replace(moved, session=None)
    moved = _expiring(moved, at, command.settings if command else None)
    facts.append(
        Fact(
            f"conversation.{row.target}",
            at,
            row.actor,
            actor_id,
            conversation.id,
            data={"from": conversation.status, "reason": row.reason},
        )
    )
    closed = row.target is Status.CLOSED
    return replace(
        change,
        state=replace(change.state, conversation=None if closed else moved),
        facts=(*change.facts, *facts),
        settled=(*change.settled, moved) if closed else change.settled,
    )


def _session_started(
    conversation: Conversation, command: Command, at: datetime, new_id: NewId, facts: list[Fact]
) -> Conversation:
    session = AgentSession(
        new_id(), conversation.sessions + 1, command.agent_id, command.settings.human_agent_tag, at
    )
    facts.append(
        Fact(
            "session.started",
            at,
            ActorKind.AGENT,
            command.agent_id,
            conversation.id,
            data={
                "session_id": session.id,
                "number": session.number,
                "human_agent_tag": session.human_agent_tag,
            },
        )
    )
    return replace(conversation, agent_id=session.agent_id, session=session, sessions=session.number)


def _session_closed(
    session: AgentSession, conversation_id: str, row: Transition, at: datetime, actor_id: str | None
) -> Fact:
    data: dict[str, str | bool | int | None] = {
        "session_id": session.id,
        "reason": row.reason,
        "agent_id": session.agent_id,
    }
    return Fact("session.closed", at, row.actor, actor_id, conversation_id, data=data)


def _expiring(conversation: Conversation, at: datetime, settings: LiveSettings | None = None) -> Conversation:
    """Set the instant at which the status, entered at `at`, ends by itself."""
    if conversation.status is Status.CLOSED:
        return replace(conversation, closed_at=at, expires_at=None)
    _, limit = EXPIRY[conversation.status]
    if limit is None:
        limit = timedelta(seconds=(settings or LiveSettings()).auto_close_waiting_after)
    return replace(conversation, expires_at=at + limit)


def _touched(conversation: Conversation, message_at: datetime, now: datetime) -> Conversation:
    """Note a message; in Open and Active it starts the idle clock anew."""
    last = conversation.last_message_at
    touched = replace(conversation, last_message_at=message_at if last is None else max(last, message_at))
    return _expiring(touched, now) if touched.status in (Status.OPEN, Status.ACTIVE) else touched


def _remembered(change: Change, command: Command) -> Change:
    state = change.state
    status = state.conversation.status if state.conversation else Status.CLOSED
    applied = AppliedCommand(command.command_id, command.conversation_id, status)
    return replace(
        change,
        state=replace(state, applied_commands=(*state.applied_commands, applied)[-_REMEMBERED_COMMANDS:]),
    )
