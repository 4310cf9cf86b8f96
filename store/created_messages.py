"""The rows of what Pagedesk says by itself: automated messages, surveys, notices for the agent."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.automated_texts import default_text
from domain.changes import Change
from domain.sending import SenderKind
from domain.settings import AutomatedTrigger
from domain.state import Notice, QueuedSend
from store.messages import new_outbound_row
from store.sql import insert_or_ignore
from store.survey_messages import survey_words
from store.tables import Message, Page


def create_messages(
    session: Session, page: Page, customer_id: str, change: Change, at: datetime, *, public_url: str
) -> None:
    """Give what the workflow decided to say its text and its row."""
    rows = [
        _survey_row(session, page, customer_id, send, at, public_url=public_url)
        if send.sender_kind is SenderKind.SURVEY
        else _send_row(session, page, customer_id, send, at)
        for send in change.created_sends
    ]
    rows += [_notice_row(session, page, customer_id, notice, at) for notice in change.notices]
    insert_or_ignore(session, Message, rows)


def _send_row(
    session: Session,  # noqa: ARG001
    page: Page,
    customer_id: str,
    send: QueuedSend,
    at: datetime,
) -> dict[str, Any]:
    return new_outbound_row(
        id=send.message_id,
        page_id=page.page_id,
        customer_id=customer_id,
        conversation_id=send.conversation_id,
        sender_kind=send.sender_kind.value,
        kind=send.trigger or "message",
        text=default_text(AutomatedTrigger(send.trigger), page.language) if send.trigger else None,
        created_at=at,
    )


def _survey_row(
    session: Session, page: Page, customer_id: str, send: QueuedSend, at: datetime, *, public_url: str
) -> dict[str, Any]:
    text, content = survey_words(session, page, send, public_url)
    return new_outbound_row(
        id=send.message_id,
        page_id=page.page_id,
        customer_id=customer_id,
        conversation_id=send.conversation_id,
        sender_kind=send.sender_kind.value,
        kind=send.trigger or "survey",
        text=text,
        content=content,
        created_at=at,
    )


def _notice_row(
    session: Session,  # noqa: ARG001
    page: Page,
    customer_id: str,
    notice: Notice,
    at: datetime,
) -> dict[str, Any]:
    row = new_outbound_row(
        id=notice.id,
        page_id=page.page_id,
        customer_id=customer_id,
        conversation_id=notice.conversation_id,
        sender_kind="automatic",
        kind=notice.trigger,
        text=default_text(AutomatedTrigger(notice.trigger), page.language),
        created_at=at,
    )
    return row | {"direction": "internal", "status": None}
