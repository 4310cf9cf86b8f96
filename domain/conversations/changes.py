"""What a decision yields: the next state and what is to be recorded; or why it changes nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain.conversations.lifecycle import ActorKind, Status
from domain.conversations.state import (
    AgentSession,
    Conversation,
    Notice,
    Participant,
    QueuedSend,
    Survey,
    ThreadState,
)
from domain.events.kinds import FactKind
from domain.routing.placement import StayRecord
from domain.sending.delivery import MessageStatus
from domain.sending.window import Window

NewId = Callable[[], str]
FactValue = str | bool | int | None


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened, for the timeline and the event stream. Carries ids, never words.

    `cause` names the event, command or deadline that it comes from. Both together are the same in every
    attempt of a workflow task. The order of the causes is not: a task that Temporal discards takes its
    updates with it, and they come again later or never.
    """

    kind: FactKind
    at: datetime
    actor_kind: ActorKind
    actor_id: str | None = None
    conversation_id: str | None = None
    message_id: str | None = None
    data: dict[str, FactValue] | None = None
    cause: str = ""


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A new status of an outbound message that the workflow decided on.

    `conversation_id`, where set, is the conversation that the message now belongs to.
    """

    message_id: str
    status: MessageStatus
    reason: str | None = None
    conversation_id: str | None = None


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """How a queued send ended: `sent`, `failed`, `unknown` or, by somebody's wish, `cancelled`."""

    message_id: str
    status: MessageStatus
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class StartedSession:
    """An agent's turn that began, or was accepted."""

    conversation_id: str
    session: AgentSession


@dataclass(frozen=True, slots=True)
class ClosedSession:
    """An agent's turn that is over."""

    session_id: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ChangedStay:
    """A stay in a queue, as it now is."""

    conversation_id: str
    record: StayRecord


@dataclass(frozen=True, slots=True)
class ChangedParticipant:
    """Somebody who takes part in a conversation beside its agent, as they now are."""

    conversation_id: str
    participant: Participant


@dataclass(frozen=True, slots=True)
class Change:
    """The next state and what is to be recorded. `attached`: (conversation id, message id) pairs.

    `opened`: ids of conversations that began; `reopened`: of those that go on after they had closed.
    `settled`: conversations as they were when they closed. `surveys`: surveys as they now are.
    `placed`: ids of conversations whose place in work distribution changed; `stays`: stays as they now are.
    `participants`: each who came, changed or left.
    """

    state: ThreadState
    facts: tuple[Fact, ...] = ()
    attached: tuple[tuple[str, str], ...] = ()
    settled: tuple[Conversation, ...] = ()
    created_sends: tuple[QueuedSend, ...] = ()
    notices: tuple[Notice, ...] = ()
    statuses: tuple[StatusChange, ...] = ()
    surveys: tuple[Survey, ...] = ()
    opened: tuple[str, ...] = ()
    reopened: tuple[str, ...] = ()
    started_sessions: tuple[StartedSession, ...] = ()
    closed_sessions: tuple[ClosedSession, ...] = ()
    placed: tuple[str, ...] = ()
    stays: tuple[ChangedStay, ...] = ()
    participants: tuple[ChangedParticipant, ...] = ()

    @property
    def is_to_be_recorded(self) -> bool:
        """Whether anything but the workflow's own memory changed."""
        return bool(
            self.facts or self.settled or self.created_sends or self.notices or self.surveys or self.placed
        )

    def caused_by(self, cause: str) -> "Change":
        """The same, its facts marked with their cause unless they have one."""
        return replace(self, facts=tuple(replace(fact, cause=fact.cause or cause) for fact in self.facts))

    def then(self, later: "Change") -> "Change":
        """Both changes as one; the state is the later one's."""
        return Change(
            later.state,
            self.facts + later.facts,
            self.attached + later.attached,
            self.settled + later.settled,
            self.created_sends + later.created_sends,
            self.notices + later.notices,
            self.statuses + later.statuses,
            self.surveys + later.surveys,
            self.opened + later.opened,
            self.reopened + later.reopened,
            self.started_sessions + later.started_sessions,
            self.closed_sessions + later.closed_sessions,
            tuple(dict.fromkeys(self.placed + later.placed)),
            self.stays + later.stays,
            self.participants + later.participants,
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a command changes nothing, with the commands that are allowed now."""

    code: str
    detail: str
    status: Status | None = None
    allowed_commands: tuple[str, ...] = ()
    window: Window | None = None


class Draft:
    """A change in the making. It lives within one decision; nobody outside sees it.

    `now` is what sends are judged by. `at` is what is recorded: the same, or, while a deadline is acted on,
    the deadline's instant, however late that is done.
    """

    def __init__(self, state: ThreadState, now: datetime, new_id: NewId) -> None:
        self.state = state
        self.now = now
        self.at = now
        self.new_id = new_id
        self.cause = ""
        self._facts: list[Fact] = []
        self._attached: list[tuple[str, str]] = []
        self._settled: list[Conversation] = []
        self._sends: list[QueuedSend] = []
        self._notices: list[Notice] = []
        self._statuses: list[StatusChange] = []
        self._surveys: dict[str, Survey] = {}
        self._opened: list[str] = []
        self._reopened: list[str] = []
        self._started: list[StartedSession] = []
        self._closed: list[ClosedSession] = []
        self._placed: list[str] = []
        self._stays: list[ChangedStay] = []
        self._participants: list[ChangedParticipant] = []

    @property
    def conversation(self) -> Conversation | None:
        """The live conversation as it now is."""
        return self.state.conversation

    def set(self, **changes: Any) -> None:
        """Change fields of the state."""
        self.state = replace(self.state, **changes)

    def note(
        self,
        kind: FactKind,
        actor: ActorKind,
        *,
        at: datetime | None = None,
        actor_id: str | None = None,
        conversation_id: str | None = None,
        message_id: str | None = None,
        data: Mapping[str, FactValue] | None = None,
    ) -> None:
        """Record that something happened, at the draft's instant unless told otherwise."""
        kept = dict(data) if data else None
        self._facts.append(
            Fact(kind, at or self.at, actor, actor_id, conversation_id, message_id, kept, self.cause)
        )

    def attach(self, conversation_id: str, message_id: str) -> None:
        """Give a message its conversation."""
        self._attached.append((conversation_id, message_id))

    def settle(self, conversation: Conversation) -> None:
        """Note a conversation that has closed."""
        self._settled.append(conversation)

    def open(self, conversation_id: str) -> None:
        """Note a conversation that begins."""
        self._opened.append(conversation_id)

    def reopen(self, conversation_id: str) -> None:
        """Note a conversation that goes on after it had closed."""
        self._reopened.append(conversation_id)

    def start_session(self, conversation_id: str, session: AgentSession) -> None:
        """Note an agent's turn that begins, or that was accepted."""
        self._started.append(StartedSession(conversation_id, session))

    def close_session(self, session_id: str, reason: str) -> None:
        """Note an agent's turn that is over."""
        self._closed.append(ClosedSession(session_id, self.at, reason))

    def place(self, conversation_id: str) -> None:
        """Note that a conversation's place in work distribution changed."""
        self._placed.append(conversation_id)

    def change_stay(self, conversation_id: str, record: StayRecord) -> None:
        """Note a stay in a queue that changed."""
        self._stays.append(ChangedStay(conversation_id, record))

    def change_participant(self, conversation_id: str, participant: Participant) -> None:
        """Note somebody who came into a conversation beside its agent, changed or left."""
        self._participants.append(ChangedParticipant(conversation_id, participant))

    def queue(self, send: QueuedSend) -> None:
        """Put a message whose row exists already at the end of the outbox."""
        self.set(outbox=(*self.state.outbox, send))

    def create(self, send: QueuedSend) -> None:
        """Queue a message whose row is to be made."""
        self.queue(send)
        self._sends.append(send)
        self.note(
            FactKind.MESSAGE_QUEUED,
            ActorKind.SYSTEM,
            conversation_id=send.conversation_id,
            message_id=send.message_id,
            data={"trigger": send.trigger, "cause_id": send.cause_id},
        )

    def notify(self, notice: Notice) -> None:
        """Leave the agent a line in the transcript."""
        self._notices.append(notice)
        self.note(
            FactKind.NOTICE_SHOWN,
            ActorKind.SYSTEM,
            conversation_id=notice.conversation_id,
            message_id=notice.id,
            data={"trigger": notice.trigger, "cause_id": notice.cause_id, "agent_id": notice.agent_id},
        )

    def change_status(
        self,
        message_id: str,
        status: MessageStatus,
        *,
        reason: str | None = None,
        conversation_id: str | None = None,
    ) -> None:
        """Decide on the status of a message of ours."""
        self._statuses.append(StatusChange(message_id, status, reason, conversation_id))

    def set_survey(self, survey: Survey) -> None:
        """Make this the thread's survey."""
        self.set(survey=survey)
        self._surveys[survey.id] = survey

    def done(self) -> Change:
        """The change as it is to be applied."""
        return Change(
            self.state,
            tuple(self._facts),
            tuple(self._attached),
            tuple(self._settled),
            tuple(self._sends),
            tuple(self._notices),
            tuple(self._statuses),
            tuple(self._surveys.values()),
            tuple(self._opened),
            tuple(self._reopened),
            tuple(self._started),
            tuple(self._closed),
            tuple(dict.fromkeys(self._placed)),
            tuple(self._stays),
            tuple(self._participants),
        )
