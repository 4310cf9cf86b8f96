"""What a thread's workflow knows and carries, and what it is told. Data alone; no rule is here.

Ids and facts, never words: all of it ends in histories.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from domain.conversations.lifecycle import Phase, Status
from domain.routing.capacity import Origin
from domain.routing.demand import Demand, SkillNeed
from domain.routing.members import Wish
from domain.routing.offers import Offer
from domain.routing.overflow import OverflowAction
from domain.routing.placement import StayRecord
from domain.sending.decide_send import ContentKind, SenderKind
from domain.sending.window import NEVER_OPENED, Opening, Window
from domain.workstreams.conversation_settings import (
    DEFAULT_SETTINGS,
    AutomatedTrigger,
    ConversationSettings,
    SurveySettings,
    SurveyWay,
)

SCHEMA_VERSION = 8
"""The number of the shape of `ThreadState`, wherever it is kept. Who finds a higher one than this leaves it.

It grows when older code would misread or lose what newer code writes. A new field has a default that says
what was so before it (ADR 0009). 6 is the first shape that is read; those before were of development alone.
"""


@dataclass(frozen=True, slots=True)
class AgentSession:
    """One agent's turn; it keeps the human agent tag as it was when the turn began.

    It begins with its offer, whose id it has; `accepted_at`: when the agent took it. `origin`: how it came to
    them.
    """

    id: str
    number: int
    agent_id: str
    human_agent_tag: bool
    started_at: datetime
    origin: Origin = Origin.PICK
    accepted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """A conversation's time in a queue, the present one or the last.

    `age_at`: since when the customer has waited; it stays over declines, and further messages do not move it.
    `listed`: of a pick workstream, offered to nobody. `opens_at`: as was known when it was routed, its queue
    is closed until then. At `overflow_at`, if it still waits, `on_overflow` is done, to `overflow_queue_id`.
    `wishes`: for whom it is first; nobody else is offered it until `reserved_until`. `skills`, `profiles`:
    what it asks for when it is routed again.
    """

    record: StayRecord
    demand: Demand
    age_at: datetime
    listed: bool = False
    opens_at: datetime | None = None
    overflow_at: datetime | None = None
    on_overflow: OverflowAction | None = None
    overflow_queue_id: str | None = None
    wishes: tuple[Wish, ...] = ()
    reserved_until: datetime | None = None
    skills: tuple[SkillNeed, ...] = ()
    profiles: tuple[str, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether it does not wait in the queue, and is offered to nobody, any more."""
        return self.record.end is not None


class ParticipantMode(StrEnum):
    """What somebody does in a conversation of somebody else.

    CONSULT: reads along and advises its agent. JOIN: also writes to the customer. MONITOR: a supervisor who
    watches.
    """

    CONSULT = "consult"
    JOIN = "join"
    MONITOR = "monitor"


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody beside the agent of a conversation, from `since` to `left_at`, which `end` explains.

    Who was asked by `asked_by` has until `expires_at` to answer, and takes part from `joined_at` on.
    `until_answered`: the former agent, who stays until a supervisor's transfer is answered.
    """

    id: str
    agent_id: str
    mode: ParticipantMode
    since: datetime
    asked_by: str | None = None
    expires_at: datetime | None = None
    joined_at: datetime | None = None
    until_answered: bool = False
    left_at: datetime | None = None
    end: str | None = None


class Side(StrEnum):
    """Which side of a conversation spoke."""

    CUSTOMER = "customer"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Conversation:
    """One piece of work.

    `agent_id` is who has it, or had it last; nobody while it is Open. `waits_since`, while it is Open by the
    customer's words: when they were said, by Meta's clock, but never after we learnt of them. `active_at` is
    when something last happened in it by our clock, `last_message_at` the newest message by Meta's.
    `opened_or_reopened_at` is when it opened or, after Closed, was reopened. `accepted_session_id` is the
    last session that an agent accepted, at `accepted_at`; `former_agent_id` who had the one before the
    present.
    `profile_awaited`: its routing has waited, or waits, for the customer's profile.
    `stay` is its place in a queue, or was the last; `offer` while it awaits acceptance; `returns` how often
    each agent was offered it since it was routed and did not take it.
    `last_speaker` and `last_spoke_at` tell who spoke last and when we learnt of it: whose answer is owed.
    `owed_since` is when, by Meta's clock, the customer wrote the first of the words that nobody has answered;
    nothing where the customer did not speak last. `customer_wrote_at` is the customer's newest message by
    Meta's clock. `participants` are there beside the agent, or asked to be. `disposition_code_id`: what it
    was about, as who ended it says.
    """

    id: str
    status: Status
    status_reason: str
    status_changed_at: datetime
    opened_at: datetime
    active_at: datetime
    opened_or_reopened_at: datetime
    waits_since: datetime | None = None
    phase: Phase | None = None
    agent_id: str | None = None
    session: AgentSession | None = None
    sessions: int = 0
    accepted_session_id: str | None = None
    accepted_at: datetime | None = None
    former_agent_id: str | None = None
    closed_at: datetime | None = None
    last_message_at: datetime | None = None
    last_speaker: Side | None = None
    last_spoke_at: datetime | None = None
    customer_wrote_at: datetime | None = None
    owed_since: datetime | None = None
    profile_awaited: bool = False
    stay: Stay | None = None
    offer: Offer | None = None
    returns: dict[str, int] = field(default_factory=dict)
    participants: tuple[Participant, ...] = ()
    disposition_code_id: str | None = None


@dataclass(frozen=True, slots=True)
class QueuedSend:
    """A message that waits for its turn to be sent. Its text and status are the store's.

    `trigger` says why an automated message is sent: an `AutomatedTrigger`, `rule`, `survey` or
    `survey_reminder`; `cause_id` names the rule or the survey. `unknown_since`: since when nobody knows
    whether it was sent. `held_by_page`: the page may send nothing for now.
    """

    message_id: str
    sender_kind: SenderKind
    conversation_id: str
    content_kind: ContentKind = ContentKind.MESSAGE
    human_agent_tag: bool = False
    trigger: str | None = None
    cause_id: str | None = None
    agent_id: str | None = None
    tries: int = 0
    not_before: datetime | None = None
    unknown_since: datetime | None = None
    held_by_page: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """An automated message for the agent: a line in the transcript that never leaves Pagedesk."""

    id: str
    conversation_id: str
    trigger: str
    cause_id: str | None = None
    agent_id: str | None = None


@dataclass(frozen=True, slots=True)
class AutomatedMessage:
    """An automated message that counts towards the budget of its thread.

    The budget: `domain.conversations.automated_messages`.

    `what` names its trigger and, where a rule caused it, the rule. `withheld`: the reasons for which it keeps
    others back and that stand in the timeline already.
    """

    what: str
    conversation_id: str
    said_at: datetime
    withheld: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """An agent's message that the window refused and that waits for the customer to write again."""

    message_id: str
    conversation_id: str
    agent_id: str
    held_at: datetime
    expires_at: datetime
    offered: bool = False


class SurveyStatus(StrEnum):
    """Where a survey stands. Every one but SCHEDULED, SENDING and SENT is an outcome."""

    SCHEDULED = "scheduled"
    SENDING = "sending"
    SENT = "sent"
    ANSWERED = "answered"
    EXPIRED = "expired"
    NOT_ALLOWED = "not_allowed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    FAILED = "failed"


SURVEY_UNDER_WAY = frozenset({SurveyStatus.SCHEDULED, SurveyStatus.SENDING, SurveyStatus.SENT})


@dataclass(frozen=True, slots=True)
class Survey:
    """The survey of one ending. It belongs to the last session and keeps the settings of that moment.

    `due_at`: when it is to be sent. `remind_at`: when to remind, once it is sent and unanswered.
    """

    id: str
    conversation_id: str
    session_id: str
    status: SurveyStatus
    settings: SurveySettings
    ended_at: datetime
    due_at: datetime
    reason: str | None = None
    way: SurveyWay | None = None
    message_id: str | None = None
    sent_at: datetime | None = None
    remind_at: datetime | None = None
    expires_at: datetime | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AppliedCommand:
    """A command already applied: repeated under the same id it gets the same answer."""

    command_id: str
    conversation_id: str
    status: Status


@dataclass(frozen=True, slots=True)
class ThreadState:
    """All that the workflow of a thread carries from task to task and from run to run.

    `last_closed` is the conversation that closed last: it may be reopened for a while. `survey` is that of
    the last ending. `settings_since`: when the settings came to be what they are. `fired_deadlines`
    remembers, by kind, which deadlines were acted on that leave no other mark. `automated`: what was said by
    itself of late. `written_at` dates the projection of this state (`domain.conversations.projection`).
    """

    applied_seq: int = 0
    window: Window = NEVER_OPENED
    settings: ConversationSettings = DEFAULT_SETTINGS
    settings_since: datetime | None = None
    conversation: Conversation | None = None
    last_closed: Conversation | None = None
    survey: Survey | None = None
    surveyed_at: datetime | None = None
    privacy_notice_at: datetime | None = None
    automated: tuple[AutomatedMessage, ...] = ()
    held: tuple[HeldMessage, ...] = ()
    outbox: tuple[QueuedSend, ...] = ()
    applied_commands: tuple[AppliedCommand, ...] = ()
    fired_deadlines: dict[str, datetime] = field(default_factory=dict)
    version: int = 0
    written_at: datetime | None = None

    def with_next_version(self) -> "ThreadState":
        """The same state, numbered as the result of one more change."""
        return replace(self, version=self.version + 1)

    def after_skipping(self, seq: int) -> "ThreadState":
        """The same state with one event passed over."""
        return replace(self, applied_seq=max(self.applied_seq, seq))


class ThreadEventKind(StrEnum):
    """What the relay tells a conversation. What is no message only opens or extends the window.

    HANDED_OVER: the thread was handed to us, and nobody here was told of the customer's last words yet.
    STANDBY_OPENING: as WINDOW_OPENING, while another app controls the thread.
    FILES_REFUSED: files of a message turned out to be none that are taken.
    """

    MESSAGE = "message"
    POSTBACK = "postback"
    ENTRY = "entry"
    STANDBY_MESSAGE = "standby_message"
    OUTSIDE_MESSAGE = "outside_message"
    WINDOW_OPENING = "window_opening"
    STANDBY_OPENING = "standby_opening"
    SURVEY_ANSWER = "survey_answer"
    OWN_ECHO = "own_echo"
    HANDED_OVER = "handed_over"
    FILES_REFUSED = "files_refused"

    @property
    def opens_work(self) -> bool:
        """Whether it asks for a conversation where there is none."""
        return self in _OPENS_WORK


_OPENS_WORK = {
    ThreadEventKind.MESSAGE,
    ThreadEventKind.POSTBACK,
    ThreadEventKind.ENTRY,
    ThreadEventKind.HANDED_OVER,
}
_NO_MESSAGE = {
    ThreadEventKind.HANDED_OVER,
    ThreadEventKind.WINDOW_OPENING,
    ThreadEventKind.STANDBY_OPENING,
    ThreadEventKind.SURVEY_ANSWER,
    ThreadEventKind.OWN_ECHO,
    ThreadEventKind.FILES_REFUSED,
}


@dataclass(frozen=True, slots=True)
class ThreadEvent:
    """A fact about the thread, in the order of `seq`.

    `survey_id`: the survey that a SURVEY_ANSWER answers; None where the answer does not count (forged,
    repeated, of another person): then it may open the window and nothing else. `refused_files`: what the
    customer is to be told about files of the message that were not taken. `by_program`: an OUTSIDE_MESSAGE
    comes from another app than the Page inbox. `message_id` of HANDED_OVER: the customer's last words.
    """

    seq: int
    kind: ThreadEventKind
    at: datetime
    opening: Opening | None = None
    message_id: str | None = None
    survey_id: str | None = None
    refused_files: AutomatedTrigger | None = None
    by_program: bool = False

    @property
    def opens_work(self) -> bool:
        """Whether it asks for a conversation where there is none."""
        return self.kind.opens_work

    @property
    def is_message(self) -> bool:
        """Whether it belongs into the conversation that is live."""
        return self.kind not in _NO_MESSAGE
