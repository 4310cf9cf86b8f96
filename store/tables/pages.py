"""Accounts and pages."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Field, SQLModel, col

from store.db.types import UtcDateTime
from store.tables.columns import JSON_TYPE, instant, json_column
from store.tables.erasure_policy import Harmless

PROVISIONING = "Provisioning"
RUNNING = "Running"
PROBLEM = "Problem"
REMOVING = "Removing"
REMOVED = "Removed"
GONE = (REMOVING, REMOVED)
"""Not served any more."""


class Account(SQLModel, table=True):
    """One Facebook app. Its secrets and its token are sealed.

    While a secret is rotated the previous one still signs deliveries, until its instant. A deleted account
    whose pages have a history stays without its secrets.
    """

    id: Harmless[str] = Field(primary_key=True)
    name: Harmless[str]
    app_id: Harmless[str] = Field(unique=True)
    app_secret: Harmless[str]
    verify_token: Harmless[str | None] = None
    previous_app_secret: Harmless[str | None] = None
    previous_app_secret_until: Harmless[datetime | None] = instant(nullable=True)
    deleted_at: Harmless[datetime | None] = instant(nullable=True)
    created_at: Harmless[datetime] = instant()


class Page(SQLModel, table=True):
    """A Facebook Page of an account. `access_token` is sealed."""

    page_id: Harmless[str] = Field(primary_key=True)
    account_id: Harmless[str] = Field(foreign_key="account.id", index=True)
    workstream_id: Harmless[str] = Field(foreign_key="workstream.id", index=True)
    name: Harmless[str]
    access_token: Harmless[str]
    language: Harmless[str] = "en"
    human_agent_tag: Harmless[bool] = False
    attachments_for_customers: Harmless[bool] = False
    attachments_for_agents: Harmless[bool] = False
    provisioning_state: Harmless[str] = "Provisioning"
    problems: Harmless[list[dict[str, Any]]] = json_column(list)
    checked_at: Harmless[datetime | None] = instant(nullable=True)
    last_event_at: Harmless[datetime | None] = instant(nullable=True)
    survey: Harmless[dict[str, Any] | None] = Field(
        default=None,
        sa_type=JSON_TYPE,
        nullable=True,
        description="the survey after an ending, as the API takes it; see store.surveys.settings",
    )
    send_gate: Harmless[str] = "open"
    send_gate_reason: Harmless[str | None] = None
    send_gate_until: Harmless[datetime | None] = instant(nullable=True)
    send_gate_generation: Harmless[int] = 0
    sends_next_at: Harmless[datetime | None] = instant(nullable=True)
    media_next_at: Harmless[datetime | None] = instant(nullable=True)
    reads_next_at: Harmless[datetime | None] = instant(nullable=True)
    slowed_until: Harmless[datetime | None] = instant(nullable=True)
    usage_percent: Harmless[int | None] = Field(
        default=None, description="of what Meta allows, when it was much"
    )
    warnings: Harmless[list[dict[str, Any]]] = json_column(list)
    findings: Harmless[dict[str, Any]] = Field(
        default_factory=dict,
        sa_type=JSON_TYPE,
        nullable=False,
        description="what refused messages and webhooks told of the page, by problem code",
    )
    token_saved_at: Harmless[datetime | None] = instant(nullable=True)
    token_expires_at: Harmless[datetime | None] = instant(nullable=True)
    token_refresh_due_at: Harmless[datetime | None] = instant(nullable=True)
    subscribed_at: Harmless[datetime | None] = instant(nullable=True)
    last_messaging_at: Harmless[datetime | None] = instant(nullable=True)
    last_standby_at: Harmless[datetime | None] = instant(nullable=True)
    gap_since: Harmless[datetime | None] = instant(nullable=True)
    gap_read_until: Harmless[datetime | None] = instant(nullable=True)
    removed_at: Harmless[datetime | None] = instant(nullable=True)
    created_at: Harmless[datetime] = instant()


class PageSilence(SQLModel, table=True):
    """The longest silence of a page that ended on a day: what is usual for it. Kept for two weeks."""

    __tablename__ = "page_silence"

    page_id: Harmless[str] = Field(primary_key=True, foreign_key="page.page_id")
    day: Harmless[datetime] = Field(sa_type=UtcDateTime, primary_key=True)
    seconds: Harmless[int]


def not_removed() -> ColumnElement[bool]:
    """The condition that leaves deleted pages out."""
    return col(Page.provisioning_state).not_in(GONE)
