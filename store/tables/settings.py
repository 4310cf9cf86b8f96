"""Accounts, pages and workstreams, and what is set for them."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from store.tables.columns import JSON_TYPE, instant, json_column
from store.types import UtcDateTime


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
    previous_app_secret_until: datetime | None = instant(nullable=True)
    deleted_at: datetime | None = instant(nullable=True)
    created_at: datetime = instant()


class SessionTemplate(SQLModel, table=True):
    """What a client shows and opens when an agent's session begins."""

    __tablename__ = "session_template"

    id: str = Field(primary_key=True)
    name: str = Field(unique=True)
    title: str
    communication_panel: str
    tabs: list[dict[str, Any]] = json_column(list)
    created_at: datetime = instant()


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
    created_at: datetime = instant()


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
    texts: dict[str, str] = json_column(dict)
    fallback_language: str | None = None
    active: bool = True
    created_at: datetime = instant()


class AutomatedMessage(SQLModel, table=True):
    """One level's word on one automated message. `level` is `channel`, or the id of the page it is for."""

    __tablename__ = "automated_message"

    level: str = Field(primary_key=True)
    trigger: str = Field(primary_key=True)
    active: bool
    texts: dict[str, str] = json_column(dict)
    fallback_language: str | None = None
    description: str | None = None
    changed_at: datetime = instant()


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
    problems: list[dict[str, Any]] = json_column(list)
    checked_at: datetime | None = instant(nullable=True)
    last_event_at: datetime | None = instant(nullable=True)
    survey: dict[str, Any] | None = Field(
        default=None,
        sa_type=JSON_TYPE,
        nullable=True,
        description="the survey after an ending, as the API takes it; see store.survey_settings",
    )
    send_gate: str = "open"
    send_gate_reason: str | None = None
    send_gate_until: datetime | None = instant(nullable=True)
    send_gate_generation: int = 0
    sends_next_at: datetime | None = instant(nullable=True)
    media_next_at: datetime | None = instant(nullable=True)
    reads_next_at: datetime | None = instant(nullable=True)
    slowed_until: datetime | None = instant(nullable=True)
    usage_percent: int | None = Field(default=None, description="of what Meta allows, when it was much")
    warnings: list[dict[str, Any]] = json_column(list)
    findings: dict[str, Any] = Field(
        default_factory=dict,
        sa_type=JSON_TYPE,
        nullable=False,
        description="what refused messages and webhooks told of the page, by problem code: store.findings",
    )
    token_saved_at: datetime | None = instant(nullable=True)
    token_expires_at: datetime | None = instant(nullable=True)
    token_refresh_due_at: datetime | None = instant(nullable=True)
    subscribed_at: datetime | None = instant(nullable=True)
    last_messaging_at: datetime | None = instant(nullable=True)
    last_standby_at: datetime | None = instant(nullable=True)
    gap_since: datetime | None = instant(nullable=True)
    gap_read_until: datetime | None = instant(nullable=True)
    removed_at: datetime | None = instant(nullable=True)
    created_at: datetime = instant()


class PageSilence(SQLModel, table=True):
    """The longest silence of a page that ended on a day: what is usual for it. Kept for two weeks."""

    __tablename__ = "page_silence"

    page_id: str = Field(primary_key=True, foreign_key="page.page_id")
    day: datetime = Field(sa_type=UtcDateTime, primary_key=True)
    seconds: int
