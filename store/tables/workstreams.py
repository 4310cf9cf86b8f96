"""Workstreams, and what is set for them."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from store.tables.columns import instant, json_column


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
