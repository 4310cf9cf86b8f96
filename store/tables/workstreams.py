"""Workstreams, and what is set for them."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from store.tables.columns import AUDIT, JSON_TYPE, instant, json_column
from store.tables.erasure_policy import Harmless


class SessionTemplate(SQLModel, table=True):
    """What a client shows and opens when an agent's session begins."""

    __tablename__ = "session_template"

    id: Harmless[str] = Field(primary_key=True)
    name: Harmless[str] = Field(unique=True)
    title: Harmless[str]
    communication_panel: Harmless[str]
    tabs: Harmless[list[dict[str, Any]]] = json_column(list)
    created_at: Harmless[datetime] = instant()


class Workstream(SQLModel, table=True):
    """How the work of some pages is shared out."""

    id: Harmless[str] = Field(primary_key=True)
    name: Harmless[str] = Field(unique=True)
    auto_close_waiting_after_seconds: Harmless[int] = Field(
        description="length of Waiting after which the system closes"
    )
    reopen_closed_within_seconds: Harmless[int] = Field(
        default=0, description="how long after Closed it may reopen"
    )
    window_warning_seconds: Harmless[int] = Field(
        default=3600, description="seconds before a closing of the window to warn"
    )
    send_held_unseen: Harmless[bool] = Field(
        default=False, description="send held messages when the customer is back"
    )
    allow_automated_messages: Harmless[bool] = Field(
        default=True, description="whether Pagedesk itself may say anything"
    )
    session_template_id: Harmless[str | None] = Field(
        default=None, foreign_key="session_template.id", index=True
    )
    distribution_mode: Harmless[str] = Field(default="push", description="push or pick")
    allow_picking: Harmless[bool] = Field(default=False, description="whether agents may pick what is pushed")
    picking_heeds_capacity: Harmless[bool] = False
    transfer_heeds_capacity: Harmless[bool] = False
    capacity_units: Harmless[int] = 1
    capacity_profile_ids: Harmless[list[str]] = json_column(list)
    wrap_up_capacity: Harmless[str] = Field(
        default="always", description="always, never, or seconds: how long wrap-up holds capacity"
    )
    wrap_up_capacity_seconds: Harmless[int | None] = None
    allowed_presences: Harmless[list[str]] = Field(
        default_factory=lambda: ["available", "busy"], sa_type=JSON_TYPE, nullable=False
    )
    skill_matching: Harmless[str] = Field(default="none", description="exact, closest or none")
    affinity: Harmless[bool] = Field(default=True, description="a returning customer goes to the same agent")
    reservation_seconds: Harmless[int] = Field(
        default=60, description="how long a conversation is kept for the agent it is for first"
    )
    after_reservation: Harmless[str] = Field(default="anyone", description="anyone, or keep in the queue")
    fallback_queue_id: Harmless[str | None] = Field(default=None, foreign_key="queue.id", index=True)
    when_agent_gone: Harmless[str] = Field(
        default="return", description="return, or keep: what becomes of an absent agent's conversations"
    )
    notification: Harmless[dict[str, Any]] = json_column(dict)
    disposition_required: Harmless[bool] = False
    created_at: Harmless[datetime] = instant()


class TimeOutRule(SQLModel, table=True):
    """What is to happen in a workstream when somebody has been silent for `after_seconds`."""

    __tablename__ = "time_out_rule"

    id: Harmless[str] = Field(primary_key=True)
    workstream_id: Harmless[str] = Field(foreign_key="workstream.id", index=True)
    silent: Harmless[str]
    after_seconds: Harmless[int]
    action: Harmless[str]
    receiver: Harmless[str] = "customer"
    priority: Harmless[int] = 0
    texts: Harmless[dict[str, str]] = json_column(dict)
    fallback_language: Harmless[str | None] = None
    active: Harmless[bool] = True
    created_at: Harmless[datetime] = instant()


class AutomatedMessage(SQLModel, table=True):
    """One level's word on one automated message. `level` is `channel`, or the id of the page it is for."""

    __tablename__ = "automated_message"

    level: Harmless[str] = Field(primary_key=True)
    trigger: Harmless[str] = Field(primary_key=True)
    active: Harmless[bool]
    texts: Harmless[dict[str, str]] = json_column(dict)
    fallback_language: Harmless[str | None] = None
    description: Harmless[str | None] = None
    changed_at: Harmless[datetime] = instant(description=f"{AUDIT}when it was last set")
