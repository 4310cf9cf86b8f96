"""Every table of the store. `docs/data.md` tells who writes which.

Conversation state is the workflow's: `conversation`, `session` and the conversation columns of `message` are
projections of it. Messages, openings, receipts and send status are the store's own.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, MetaData, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from store.types import UtcDateTime

# Names for every constraint, so that migrations can address them.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

_BIG = BigInteger().with_variant(Integer, "sqlite")
_JSON = JSON().with_variant(JSONB(), "postgresql")
_ACTIVITY = text("coalesce(last_message_at, opened_at)")


def _instant(*, index: bool = False, nullable: bool = False) -> Any:
    return Field(default=None, sa_type=UtcDateTime, nullable=nullable, index=index)


def _json(default: type[list[Any]] | type[dict[str, Any]]) -> Any:
    return Field(default_factory=default, sa_type=_JSON, nullable=False)


class Account(SQLModel, table=True):
    """One Facebook app. Its secrets and its token are sealed.

    While a secret is rotated the previous one still signs deliveries, until its instant. A deleted account
    whose pages have a history stays without its secrets.
    """

    id: str = Field(primary_key=True)
    name: str
    app_id: str = Field(unique=True)
    app_secret: str
    verify_token: str | None = None
    previous_app_secret: str | None = None
    previous_app_secret_until: datetime | None = _instant(nullable=True)
    deleted_at: datetime | None = _instant(nullable=True)
    created_at: datetime = _instant()


class SessionTemplate(SQLModel, table=True):
    """What a client shows and opens when an agent's session begins."""

    __tablename__ = "session_template"

    id: str = Field(primary_key=True)
    name: str = Field(unique=True)
    title: str
    communication_panel: str
    tabs: list[dict[str, Any]] = _json(list)
    created_at: datetime = _instant()


class Workstream(SQLModel, table=True):
    """How the work of some pages is shared out."""

    id: str = Field(primary_key=True)
    name: str = Field(unique=True)
    auto_close_waiting_after: int = Field(description="seconds of Waiting after which the system closes")
    reopen_closed_within: int = Field(default=0, description="seconds after Closed in which it may reopen")
    window_warning: int = Field(default=3600, description="seconds before a closing of the window to warn")
    send_held_unseen: bool = Field(default=False, description="send held messages when the customer is back")
    allow_automated_messages: bool = Field(
        default=True, description="whether Pagedesk itself may say anything"
    )
    session_template_id: str | None = Field(default=None, foreign_key="session_template.id", index=True)
    created_at: datetime = _instant()


class TimeOutRule(SQLModel, table=True):
    """What is to happen in a workstream when somebody has been silent for `after` seconds."""

    __tablename__ = "time_out_rule"

    id: str = Field(primary_key=True)
    workstream_id: str = Field(foreign_key="workstream.id", index=True)
    silent: str
    after: int
    action: str
    receiver: str = "customer"
    priority: int = 0
    texts: dict[str, str] = _json(dict)
    fallback_language: str | None = None
    active: bool = True
    created_at: datetime = _instant()


class AutomatedMessage(SQLModel, table=True):
    """One level's word on one automated message. `level` is `channel`, or the id of the page it is for."""

    __tablename__ = "automated_message"

    level: str = Field(primary_key=True)
    trigger: str = Field(primary_key=True)
    active: bool
    texts: dict[str, str] = _json(dict)
    fallback_language: str | None = None
    description: str | None = None
    changed_at: datetime = _instant()


class Page(SQLModel, table=True):
    """A Facebook Page of an account. `access_token` is sealed."""

    page_id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id", index=True)
    workstream_id: str = Field(foreign_key="workstream.id", index=True)
    name: str
    access_token: str
    language: str = "en"
    human_agent_tag: bool = False
    attachments_for_customers: bool = False
    attachments_for_agents: bool = False
    provisioning_state: str = "Provisioning"
    problems: list[dict[str, Any]] = _json(list)
    checked_at: datetime | None = _instant(nullable=True)
    last_event_at: datetime | None = _instant(nullable=True)
    survey: dict[str, Any] | None = Field(
        default=None,
        sa_type=_JSON,
        nullable=True,
        description="the survey after an ending, as the API takes it; see store.survey_settings",
    )
    send_gate: str = "open"
    send_gate_reason: str | None = None
    send_gate_until: datetime | None = _instant(nullable=True)
    send_gate_generation: int = 0
    sends_next_at: datetime | None = _instant(nullable=True)
    media_next_at: datetime | None = _instant(nullable=True)
    reads_next_at: datetime | None = _instant(nullable=True)
    slowed_until: datetime | None = _instant(nullable=True)
    usage_percent: int | None = Field(default=None, description="of what Meta allows, when it was much")
    warnings: list[dict[str, Any]] = _json(list)
    findings: dict[str, Any] = Field(
        default_factory=dict,
        sa_type=_JSON,
        nullable=False,
        description="what refused messages and webhooks told of the page, by problem code: store.findings",
    )
    token_saved_at: datetime | None = _instant(nullable=True)
    token_expires_at: datetime | None = _instant(nullable=True)
    token_refresh_due_at: datetime | None = _instant(nullable=True)
    subscribed_at: datetime | None = _instant(nullable=True)
    last_messaging_at: datetime | None = _instant(nullable=True)
    last_standby_at: datetime | None = _instant(nullable=True)
    gap_since: datetime | None = _instant(nullable=True)
    gap_read_until: datetime | None = _instant(nullable=True)
    removed_at: datetime | None = _instant(nullable=True)
    created_at: datetime = _instant()


class PageSilence(SQLModel, table=True):
    """The longest silence of a page that ended on a day: what is usual for it. Kept for two weeks."""

    __tablename__ = "page_silence"

    page_id: str = Field(primary_key=True, foreign_key="page.page_id")
    day: datetime = Field(sa_type=UtcDateTime, primary_key=True)
    seconds: int


class Customer(SQLModel, table=True):
    """A person on a page; the social profile."""

    __table_args__ = (UniqueConstraint("page_id", "psid"),)

    id: str = Field(primary_key=True)
    page_id: str = Field(foreign_key="page.page_id")
    psid: str
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    picture_url: str | None = None
    locale: str | None = None
    timezone: str | None = None
    profile_due_at: datetime | None = Field(
        default=None, sa_type=UtcDateTime, index=True, description="when Meta is to be asked who this is"
    )
    profile_asked_at: datetime | None = _instant(nullable=True)
    profile_tries: int = Field(default=0, description="failed asks in a row that may pass")
    profile_error: str | None = None
    erasure_id: str | None = Field(default=None, description="set from the moment their erasure is asked for")
    created_at: datetime = _instant()


class Thread(SQLModel, table=True):
    """(page, customer): counters, the folded window, receipts, and the workflow's last projected state."""

    customer_id: str = Field(primary_key=True, foreign_key="customer.id")
    page_id: str
    last_seq: int = 0
    applied_seq: int = 0
    opened_by: str | None = None
    opened_at: datetime | None = _instant(nullable=True)
    standard_until: datetime | None = _instant(nullable=True)
    human_agent_until: datetime | None = _instant(nullable=True)
    delivered_until: datetime | None = _instant(nullable=True)
    read_until: datetime | None = _instant(nullable=True)
    owner: str = "unknown"
    owner_app_id: str | None = None
    owner_known_at: datetime | None = _instant(nullable=True)
    pending_referral: dict[str, Any] | None = Field(default=None, sa_type=_JSON, nullable=True)
    state: dict[str, Any] | None = Field(default=None, sa_type=_JSON, nullable=True)
    version: int = 0


class Opening(SQLModel, table=True):
    """A customer's action that opened or extended the window."""

    inbox_id: int = Field(sa_type=_BIG, primary_key=True)
    customer_id: str = Field(foreign_key="customer.id", index=True)
    kind: str
    occurred_at: datetime | None = _instant(nullable=True)
    received_at: datetime = _instant()
    at: datetime = _instant()
    standard_until: datetime = _instant()
    human_agent_until: datetime | None = _instant(nullable=True)


class ThreadEvent(SQLModel, table=True):
    """What a thread's workflow is to be told and has not applied yet; its projection deletes what it has."""

    __tablename__ = "thread_event"

    customer_id: str = Field(primary_key=True, foreign_key="customer.id")
    seq: int = Field(primary_key=True)
    inbox_id: int = Field(sa_type=_BIG, unique=True)
    kind: str
    route: str
    facts: dict[str, Any] = _json(dict)


class Conversation(SQLModel, table=True):
    """One piece of work in a thread. A projection: only the workflow's projection writes it."""

    __table_args__ = (
        # Lists are read by newest activity.
        Index("ix_conversation_activity", _ACTIVITY, "id"),
        Index("ix_conversation_status_activity", "status", _ACTIVITY, "id"),
        Index("ix_conversation_page_activity", "page_id", _ACTIVITY, "id"),
    )

    id: str = Field(primary_key=True)
    page_id: str = Field(foreign_key="page.page_id")
    customer_id: str = Field(foreign_key="customer.id", index=True)
    workstream_id: str | None = Field(default=None, index=True)
    queue_id: str | None = Field(default=None, index=True)
    agent_id: str | None = Field(default=None, index=True)
    status: str
    phase: str | None = None
    status_reason: str
    status_changed_at: datetime = _instant()
    session_id: str | None = None
    opened_at: datetime = _instant()
    closed_at: datetime | None = _instant(nullable=True)
    last_message_at: datetime | None = _instant(nullable=True)
    version: int = 0


class Session(SQLModel, table=True):
    """One agent's turn inside a conversation. A projection."""

    __tablename__ = "conversation_session"  # "session" is SQLModel's word

    id: str = Field(primary_key=True)
    conversation_id: str = Field(foreign_key="conversation.id", index=True)
    number: int
    agent_id: str | None = None
    human_agent_tag: bool = False
    started_at: datetime = _instant()
    closed_at: datetime | None = _instant(nullable=True)
    closure_reason: str | None = None


class ContextVariable(SQLModel, table=True):
    """What is known about a conversation beyond its messages: a text or a number under a name."""

    __tablename__ = "conversation_context"

    conversation_id: str = Field(primary_key=True, foreign_key="conversation.id")
    name: str = Field(primary_key=True)
    # Not a JSON column: SQLite would make numbers of it, and 3.0 an integer.
    value: str = Field(description="a text or a number, as JSON")
    changed_at: datetime = _instant()


class Message(SQLModel, table=True):
    """A message in either direction. Text lives here and nowhere else but in the raw inbox."""

    __table_args__ = (
        UniqueConstraint("page_id", "mid"),
        Index("ix_message_thread", "customer_id", "occurred_at"),
        Index("ix_message_conversation", "conversation_id", "occurred_at"),
        Index("ix_message_status", "status", "created_at"),
    )

    id: str = Field(primary_key=True)
    page_id: str = Field(foreign_key="page.page_id")
    customer_id: str = Field(foreign_key="customer.id")
    conversation_id: str | None = None
    session_id: str | None = None
    direction: str
    sender_kind: str
    agent_id: str | None = None
    kind: str = "message"
    text: str | None = None
    attachments: list[dict[str, Any]] = _json(list)
    content: dict[str, Any] | None = Field(
        default=None,
        sa_type=_JSON,
        nullable=True,
        description="outbound only: what the Send API's `message` holds besides the text",
    )
    quick_reply_payload: str | None = None
    reply_to_mid: str | None = None
    referral: dict[str, Any] | None = Field(default=None, sa_type=_JSON, nullable=True)
    reactions: list[dict[str, Any]] = _json(list)
    edits: list[dict[str, Any]] = _json(list)
    deleted_at: datetime | None = _instant(nullable=True)
    mid: str | None = None
    app_id: str | None = Field(default=None, description="the other app of a message from outside")
    standby: bool = False
    thread_seq: int | None = None
    status: str | None = Field(default=None, description="outbound only: the send protocol's status")
    reason: str | None = None
    reason_detail: str | None = None
    allowed_by: str | None = None
    attempt: int = 0
    request_hash: str | None = None
    hold: bool = Field(default=False, description="what the window refuses is to be held")
    resends: str | None = Field(default=None, description="the message of ours that this one says again")
    occurred_at: datetime = _instant()
    received_at: datetime | None = _instant(nullable=True)
    sent_at: datetime | None = _instant(nullable=True)
    created_at: datetime = _instant()


class Attachment(SQLModel, table=True):
    """A file of a message: a customer's, or an agent's before and after it is sent. `domain.attachments`.

    `url` is Meta's link, kept until the file is fetched or given up; `store_key` where the attachment store
    has it. `refreshed`: Meta was asked for a new link already.
    """

    __table_args__ = (Index("ix_attachment_state", "state"),)

    id: str = Field(primary_key=True)
    direction: str
    message_id: str | None = Field(default=None, index=True)
    page_id: str | None = Field(default=None, foreign_key="page.page_id")
    customer_id: str | None = Field(default=None, foreign_key="customer.id", index=True)
    agent_id: str | None = None
    position: int = 0
    kind: str
    state: str
    reason: str | None = None
    name: str | None = None
    size: int | None = Field(default=None, sa_type=_BIG)
    content_type: str | None = None
    sha256: str | None = None
    store_key: str | None = None
    url: str | None = None
    refreshed: bool = False
    attempts: int = 0
    created_at: datetime = _instant()
    ended_at: datetime | None = _instant(nullable=True)


class AttachmentUpload(SQLModel, table=True):
    """A file of an agent's as Meta has it for one page: its `attachment_id`, private to the page."""

    __tablename__ = "attachment_upload"

    attachment_id: str = Field(primary_key=True, foreign_key="attachment.id")
    page_id: str = Field(primary_key=True, foreign_key="page.page_id")
    meta_id: str
    expires_at: datetime = _instant()


class Survey(SQLModel, table=True):
    """The survey of one ending. A projection, but for `token` and `reminder_id`.

    `token` is the secret of the link page and of the signatures in buttons and templates. It is in no
    history, log or event.
    """

    __table_args__ = (Index("ix_survey_page_ended", "page_id", "ended_at"),)

    id: str = Field(primary_key=True)
    page_id: str = Field(foreign_key="page.page_id")
    customer_id: str = Field(foreign_key="customer.id", index=True)
    conversation_id: str = Field(foreign_key="conversation.id", index=True)
    session_id: str | None = None
    token: str = Field(unique=True)
    question: str
    way: str | None = None
    status: str
    reason: str | None = None
    message_id: str | None = None
    reminder_id: str | None = Field(default=None, unique=True)
    ended_at: datetime = _instant()
    due_at: datetime = _instant()
    sent_at: datetime | None = _instant(nullable=True)
    expires_at: datetime | None = _instant(nullable=True)
    version: int = 0


class SurveyAnswer(SQLModel, table=True):
    """The customer's answer to a survey; the first one counts. `late`: the survey had ended by then."""

    __tablename__ = "survey_answer"

    survey_id: str = Field(primary_key=True, foreign_key="survey.id")
    question: str
    score: int | None = None
    text: str | None = None
    source: str
    late: bool = False
    at: datetime = _instant()


class EarlyChange(SQLModel, table=True):
    """An edit, a reaction or a deletion that came before its message; applied when that comes."""

    __tablename__ = "early_change"
    __table_args__ = (Index("ix_early_change_mid", "page_id", "mid"),)

    inbox_id: int = Field(sa_type=_BIG, primary_key=True)
    page_id: str
    mid: str
    kind: str
    change: dict[str, Any] = _json(dict)


class Event(SQLModel, table=True):
    """The append-only log of everything that happened; the timeline and the event stream read it."""

    __table_args__ = (Index("ix_event_conversation", "conversation_id", "id"),)

    id: int | None = Field(default=None, sa_type=_BIG, primary_key=True)
    at: datetime = _instant()
    kind: str
    page_id: str | None = Field(default=None)
    customer_id: str | None = Field(default=None, index=True)
    conversation_id: str | None = None
    message_id: str | None = None
    actor_kind: str
    actor_id: str | None = None
    data: dict[str, Any] = _json(dict)
    dedupe_key: str | None = Field(default=None, unique=True)


class Agent(SQLModel, table=True):
    """A person or a machine that uses the API. `role`: agent, supervisor, admin or machine."""

    id: str = Field(primary_key=True)
    name: str
    email: str | None = Field(default=None, unique=True)
    role: str
    password_hash: str | None = None
    active: bool = True
    created_at: datetime = _instant()


class ApiKey(SQLModel, table=True):
    """A long bearer key; only its SHA-256 is kept."""

    __tablename__ = "api_key"

    id: str = Field(primary_key=True)
    agent_id: str = Field(foreign_key="agent.id", index=True)
    name: str
    prefix: str
    digest: str = Field(unique=True)
    created_at: datetime = _instant()
    revoked_at: datetime | None = _instant(nullable=True)


class SignIn(SQLModel, table=True):
    """A person's login: a short-lived bearer token, only its SHA-256 kept."""

    __tablename__ = "sign_in"

    id: str = Field(primary_key=True)
    agent_id: str = Field(foreign_key="agent.id", index=True)
    digest: str = Field(unique=True)
    created_at: datetime = _instant()
    expires_at: datetime = _instant()
    revoked_at: datetime | None = _instant(nullable=True)


class IdempotencyRecord(SQLModel, table=True):
    """The stored answer of a creating POST, by principal and `Idempotency-Key`."""

    __tablename__ = "idempotency_record"

    principal_id: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request_hash: str
    status_code: int
    body: dict[str, Any] = _json(dict)
    created_at: datetime = _instant()


class RelayPartition(SQLModel, table=True):
    """The lease on one partition of the inbox, its fencing number, and how far the relay has read it."""

    __tablename__ = "relay_partition"

    partition: int = Field(primary_key=True)
    owner: str | None = None
    fence: int = 0
    expires_at: datetime | None = _instant(nullable=True)
    position: int = Field(default=0, sa_type=_BIG)


class UnroutedEvent(SQLModel, table=True):
    """An inbox event that went to no thread: `kept` raw with its reason, or `quarantined` with its error."""

    __tablename__ = "unrouted_event"

    inbox_id: int = Field(sa_type=_BIG, primary_key=True)
    disposition: str = Field(index=True)
    reason: str
    kind: str
    account_id: str
    page_id: str
    at: datetime = _instant()


class Erasure(SQLModel, table=True):
    """The erasure of what is kept of a person. Once done it holds no personal data: it is the audit line.

    `code` is the confirmation code: whoever knows it may see how the request stands. `subject` is the sealed
    app-scoped id of a request by Meta's callback, and `targets` are the customers, with sealed PSIDs; both
    are emptied at the end.
    """

    id: str = Field(primary_key=True)
    code: str = Field(unique=True)
    asked_by: str
    agent_id: str | None = None
    account_id: str | None = None
    subject: str | None = None
    issued_at: datetime | None = _instant(nullable=True)
    requested_at: datetime = _instant(index=True)
    status: str = Field(index=True)
    customers: int | None = Field(default=None, description="how many were found; null while nobody knows")
    outcome: str | None = None
    targets: list[dict[str, Any]] = _json(list)
    counts: dict[str, int] = _json(dict)
    done_at: datetime | None = _instant(nullable=True)


inbox_metadata = MetaData(naming_convention=SQLModel.metadata.naming_convention)


class InboxEvent(SQLModel, table=True):
    """One event of one delivery, exactly as Meta sent it.

    Written only by the committers of `ingest`. An erasure leaves its key, so that a repetition is known.
    """

    __tablename__ = "inbox_event"
    __table_args__ = (
        UniqueConstraint("account_id", "page_id", "event_key"),
        Index(
            "ix_inbox_event_conflict",
            "conflict_ms",
            sqlite_where=text("conflict_ms IS NOT NULL"),
            postgresql_where=text("conflict_ms IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )
    metadata = inbox_metadata

    id: int | None = Field(default=None, sa_type=_BIG, primary_key=True)
    account_id: str
    page_id: str
    event_key: str
    partition: int
    channel: str
    kind: str
    customer_psid: str | None = None
    occurred_ms: int | None = Field(default=None, sa_type=_BIG)
    received_ms: int = Field(sa_type=_BIG)
    conflict_ms: int | None = Field(
        default=None, sa_type=_BIG, description="when the same event came again with another content"
    )
    digest: bytes
    raw: bytes
