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
PROVISIONING_STATES = (PROVISIONING, RUNNING, PROBLEM, REMOVING, REMOVED)
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
    callback_verified_at: Harmless[datetime | None] = instant(nullable=True)
    deleted_at: Harmless[datetime | None] = instant(nullable=True)
    created_at: Harmless[datetime] = instant()


class Page(SQLModel, table=True):
    """A Facebook Page of an account: what people set, and its provisioning state.

    `access_token` is sealed; it was given at `token_saved_at`. What changes by itself, and often, has rows of
    its own, so that no send waits for a change of settings: `PageHealth` and `PageSendState`. The three come
    into being together, in `store.pages.page_rows`, which says in which order they are locked.
    """

    page_id: Harmless[str] = Field(primary_key=True)
    account_id: Harmless[str] = Field(foreign_key="account.id", index=True)
    workstream_id: Harmless[str] = Field(foreign_key="workstream.id", index=True)
    name: Harmless[str]
    access_token: Harmless[str]
    token_saved_at: Harmless[datetime | None] = instant(nullable=True)
    language: Harmless[str] = "en"
    human_agent_tag: Harmless[bool] = False
    attachments_for_customers: Harmless[bool] = False
    attachments_for_agents: Harmless[bool] = False
    survey: Harmless[dict[str, Any] | None] = Field(
        default=None,
        sa_type=JSON_TYPE,
        nullable=True,
        description="the survey after an ending, as the API takes it; see store.surveys.settings",
    )
    settings_version: Harmless[int] = Field(
        default=1, description="raised by each change of what conversations of the page are judged by"
    )
    told_settings_version: Harmless[int] = Field(
        default=1, description="the version that its live conversations were told of"
    )
    provisioning_state: Harmless[str] = PROVISIONING
    removed_at: Harmless[datetime | None] = instant(nullable=True)
    created_at: Harmless[datetime] = instant()


class PageHealth(SQLModel, table=True):
    """What checks, webhooks and refused messages tell of a page. Written by its checks and by the relay.

    `findings`: what refused messages and webhooks told, by problem code (`store.pages.findings`).
    `token_expires_at` and `token_refresh_due_at`: as Meta says. The `last_*_at` are known to within some
    seconds (`store.pages.traffic`). From `gap_since` on messages may be missing; they are read back, so far
    up to `gap_read_until`.
    """

    __tablename__ = "page_health"

    page_id: Harmless[str] = Field(primary_key=True, foreign_key="page.page_id")
    problems: Harmless[list[dict[str, Any]]] = json_column(list)
    warnings: Harmless[list[dict[str, Any]]] = json_column(list)
    findings: Harmless[dict[str, Any]] = json_column(dict)
    checked_at: Harmless[datetime | None] = instant(nullable=True)
    token_expires_at: Harmless[datetime | None] = instant(nullable=True)
    token_refresh_due_at: Harmless[datetime | None] = instant(nullable=True)
    subscribed_at: Harmless[datetime | None] = instant(nullable=True)
    last_event_at: Harmless[datetime | None] = instant(nullable=True)
    last_messaging_at: Harmless[datetime | None] = instant(nullable=True)
    last_standby_at: Harmless[datetime | None] = instant(nullable=True)
    gap_since: Harmless[datetime | None] = instant(nullable=True)
    gap_read_until: Harmless[datetime | None] = instant(nullable=True)


class PageSendState(SQLModel, table=True):
    """Whether messages of a page may leave, and when the next may. Every send locks it.

    `send_gate`: see `store.sending.send_gate`; its generation counts its changes. The `*_next_at` are the
    next free slots of the page's rate limits, for messages, for those with media among them, and for reads of
    its conversations (`store.sending.rate_limit`). `usage_percent`: of what Meta allows, when it was much.
    """

    __tablename__ = "page_send_state"

    page_id: Harmless[str] = Field(primary_key=True, foreign_key="page.page_id")
    send_gate: Harmless[str] = "open"
    send_gate_reason: Harmless[str | None] = None
    send_gate_until: Harmless[datetime | None] = instant(nullable=True)
    send_gate_generation: Harmless[int] = 0
    sends_next_at: Harmless[datetime | None] = instant(nullable=True)
    media_next_at: Harmless[datetime | None] = instant(nullable=True)
    reads_next_at: Harmless[datetime | None] = instant(nullable=True)
    slowed_until: Harmless[datetime | None] = instant(nullable=True)
    usage_percent: Harmless[int | None] = None


class PageSilence(SQLModel, table=True):
    """The longest silence of a page that ended on a day: what is usual for it. Kept for two weeks."""

    __tablename__ = "page_silence"

    page_id: Harmless[str] = Field(primary_key=True, foreign_key="page.page_id")
    day: Harmless[datetime] = Field(sa_type=UtcDateTime, primary_key=True)
    seconds: Harmless[int]


def not_removed() -> ColumnElement[bool]:
    """The condition that leaves deleted pages out."""
    return col(Page.provisioning_state).not_in(GONE)
