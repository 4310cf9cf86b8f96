"""What clients and workflows say to each other: names, ids, inputs, signals, updates, results.

Nothing here may hold text, names, PSIDs or tokens: all of it ends in histories.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.conversations.changes import Change
from domain.conversations.lifecycle import Status
from domain.conversations.projection import NOTHING_WRITTEN, LastWritten
from domain.conversations.state import SCHEMA_VERSION, ThreadEvent, ThreadState
from domain.routing.route_result import RouteResult
from domain.sending.decide_send import ContentKind
from domain.sending.delivery import MessageStatus
from domain.workstreams.conversation_settings import AutomatedTrigger, ConversationSettings

TASK_QUEUE = "pagedesk"

# A worker that dies inside a workflow task costs this long; a long projection extends its task by heartbeats.
TASK_TIMEOUT = timedelta(seconds=2)

CONVERSATION_WORKFLOW = "conversation"
EVENTS_SIGNAL = "events"
COMMAND_UPDATE = "command"
SETTINGS_SIGNAL = "settings_changed"
GATE_OPENED_SIGNAL = "gate_opened"
WRITE_DOWN_SIGNAL = "write_down"
STATE_QUERY = "state"
OFFER_SIGNAL = "offer"
AGENT_GONE_SIGNAL = "agent_gone"

FILES_TASK_QUEUE = "pagedesk-files"
"""Files have their own, so that no number of slow ones keeps a conversation waiting."""
FILES_WORKFLOW = "files"

PAGE_WORKFLOW = "page"
CHECK_SIGNAL = "check"

ERASURE_WORKFLOW = "erasure"

ABSENCE_WORKFLOW = "absence"
ABSENT_SIGNAL = "absent"

RETENTION_WORKFLOW = "retention"
RETENTION_WORKFLOW_ID = "retention"
"""One per installation."""

EVENTS_PER_SIGNAL = 100


class NewerSchemaError(Exception):
    """A run of a newer release than this worker's. Its task fails and waits for a newer worker."""

    says_no_values = True


def require_known_schema(version: int) -> None:
    """Raise NewerSchemaError if this worker is too old for a run."""
    if version > SCHEMA_VERSION:
        raise NewerSchemaError(
            f"This run has schema version {version}; this worker knows versions up to {SCHEMA_VERSION}. "
            "Start workers of the newer release; nothing is lost until then."
        )


def conversation_workflow_id(page_id: str, customer_id: str) -> str:
    """One id for ever per thread; its runs follow each other."""
    return f"conversation/{page_id}/{customer_id}"


def page_workflow_id(page_id: str) -> str:
    """One workflow per page."""
    return f"page/{page_id}"


def erasure_workflow_id(erasure_id: str) -> str:
    """One workflow per request; the erasure of one customer has always the same id."""
    return f"erasure/{erasure_id}"


def absence_workflow_id(agent_id: str) -> str:
    """One workflow per agent, as long as an absence of theirs is to be dealt with."""
    return f"absence/{agent_id}"


def files_workflow_id(message_id: str, *, taken_back: bool = False) -> str:
    """One run per message that carries files, and one to delete them if the message is taken back."""
    return f"files/{message_id}/taken-back" if taken_back else f"files/{message_id}"


@dataclass(frozen=True, slots=True)
class SettingsRead:
    """A page's settings, and when they were so.

    `default_route`: where conversations of new customers go; None where rules decide.
    """

    settings: ConversationSettings
    at: datetime
    default_route: RouteResult | None = None


@dataclass(frozen=True, slots=True)
class ThreadEvents:
    """What the relay tells a run: at most `EVENTS_PER_SIGNAL` events, in the order of `seq`.

    `fresh`: the thread's first events, told for the first time; they come with the page's settings.
    """

    events: list[ThreadEvent]
    fresh: bool = False
    settings: SettingsRead | None = None


@dataclass(frozen=True, slots=True)
class ConversationWorkflowInput:
    """The start of a run: by a client (page, customer, version), or with its state by the run before it.

    `first`: what the relay tells of a thread whose row it has just made; there is nothing to load then
    (ADR 0007). A run that is there already is signalled instead.
    """

    page_id: str
    customer_id: str
    schema_version: int = SCHEMA_VERSION
    state: ThreadState | None = None
    first: ThreadEvents | None = None


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The answer to a command that was applied."""

    conversation_id: str
    status: Status
    version: int


@dataclass(frozen=True, slots=True)
class LoadThread:
    """Ask the store for the thread as last projected."""

    page_id: str
    customer_id: str


@dataclass(frozen=True, slots=True)
class ThreadProjection:
    """One workflow task's changes. Written twice it gives the same rows."""

    page_id: str
    customer_id: str
    change: Change
    before: LastWritten = NOTHING_WRITTEN


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Send one outbound row. `human_agent_tag`: the session's human agent tag."""

    page_id: str
    customer_id: str
    message_id: str
    human_agent_tag: bool
    tries: int
    content_kind: ContentKind = ContentKind.MESSAGE


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Look for a message of unknown outcome in the conversation at Meta."""

    page_id: str
    customer_id: str
    message_id: str


@dataclass(frozen=True, slots=True)
class SendReport:
    """How an attempt ended. `queued` until an instant: nothing was sent for certain, try again then.

    `held`: the page may send nothing; the conversation is told when it may. `in_line`: the page was busy, and
    no attempt was made.
    """

    status: MessageStatus
    reason: str | None = None
    until: datetime | None = None
    in_line: bool = False


@dataclass(frozen=True, slots=True)
class PageWorkflowInput:
    """The start of a page's workflow."""

    page_id: str
    schema_version: int = SCHEMA_VERSION


@dataclass(frozen=True, slots=True)
class PageReport:
    """The outcome of one check of a page. `check_every` is the interval of a running page, in seconds.

    `releases`: messages wait that may go now. `gap`: messages may have been missed, and are to be read.
    """

    running: bool
    deleted: bool = False
    releases: bool = False
    check_every: int = 15 * 60
    gap: bool = False


@dataclass(frozen=True, slots=True)
class ErasureInput:
    """The start of an erasure's workflow."""

    erasure_id: str
    schema_version: int = SCHEMA_VERSION


@dataclass(frozen=True, slots=True)
class RetentionInput:
    """The start of a day's deletion. `inbox_position`: so far the inbox has been looked through, by id."""

    inbox_position: int = 0
    schema_version: int = SCHEMA_VERSION


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """How far the inbox has now been looked through."""

    inbox_position: int


@dataclass(frozen=True, slots=True)
class AbsenceInput:
    """The start of what is to be done about an agent who is absent."""

    agent_id: str
    schema_version: int = SCHEMA_VERSION


@dataclass(frozen=True, slots=True)
class AbsenceFound:
    """An agent's absence, and when their conversations are given back. Both None: they are there."""

    since: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EndAbsence:
    """Give an agent's conversations back, those after the one named, if the agent is still absent."""

    agent_id: str
    since: datetime
    after: str = ""


@dataclass(frozen=True, slots=True)
class FilesInput:
    """The start of the fetching of one message's files."""

    message_id: str
    schema_version: int = SCHEMA_VERSION


@dataclass(frozen=True, slots=True)
class FindPeople:
    """Find whom an erasure is about. `ask_meta`: whether Meta is asked whose the id is."""

    erasure_id: str
    ask_meta: bool = True


@dataclass(frozen=True, slots=True)
class ErasureTarget:
    """One customer that is to be erased."""

    erasure_id: str
    page_id: str
    customer_id: str


@dataclass(frozen=True, slots=True)
class TellRefused:
    """Have the thread told that files of a message were not taken. `trigger`: what the customer is told."""

    message_id: str
    trigger: AutomatedTrigger
