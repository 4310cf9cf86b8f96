"""The rows of what Pagedesk says by itself: automated messages, surveys, notices for the agent."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from domain.conversations.changes import Change
from domain.conversations.state import Notice, QueuedSend
from domain.sending.decide_send import SenderKind
from domain.sending.delivery import MessageStatus
from domain.workstreams.conversation_settings import AutomatedTrigger
from store.conversations.messages import new_outbound_row
from store.db.sql import insert_or_ignore
from store.surveys.messages import survey_words
from store.tables import Message, Page
from store.workstreams.wording import Wording

AWAITS_PROFILE = "awaits_profile"
"""The reason of queued first words that are worded anew at the send: the customer is not known yet."""
EMPTY_MESSAGE = "empty_message"
"""The reason of a message whose rule was deleted before it could be said, or whose text came out blank."""


def create_messages(
    session: Session, page: Page, customer_id: str, change: Change, at: datetime, *, public_url: str
) -> None:
    """Give what the workflow decided to say its text and its row.

    What has no words is recorded too: the send activity fails it, and it is seen in the transcript. Each is
    dated by the fact that tells of it; `at` dates what no fact tells of.
    """
    told = {fact.message_id: fact.at for fact in change.facts}
    wording = Wording(session, page, customer_id)
    sends = []
    for send in change.created_sends:
        text, content = (
            survey_words(session, page, send, public_url)
            if send.sender_kind is SenderKind.SURVEY
            else (_words(wording, send), None)
        )
        row = _send_row(page, customer_id, send, told.get(send.message_id, at), text=text, content=content)
        awaits = send.sender_kind is SenderKind.AUTOMATIC and wording.awaits_profile(send.trigger or "")
        sends.append(row | {"reason": AWAITS_PROFILE if awaits else None})
    insert_or_ignore(session, Message, sends)
    notices = [
        notice_row(session, page, customer_id, notice, told.get(notice.id, at)) for notice in change.notices
    ]
    insert_or_ignore(session, Message, notices)


def notice_row(
    session: Session, page: Page, customer_id: str, notice: Notice, at: datetime
) -> dict[str, Any]:
    """A line for the agent in the transcript: `internal`, it is never sent."""
    text = Wording(session, page, customer_id).text(
        notice.trigger,
        conversation_id=notice.conversation_id,
        agent_id=notice.agent_id,
        cause_id=notice.cause_id,
    )
    row = new_outbound_row(
        id=notice.id,
        page_id=page.page_id,
        customer_id=customer_id,
        conversation_id=notice.conversation_id,
        sender_kind="automatic",
        kind=notice.trigger,
        text=text,
        created_at=at,
    )
    failed = text is None
    return row | {
        "direction": "internal",
        "status": MessageStatus.FAILED.value if failed else None,
        "reason": EMPTY_MESSAGE if failed else _why(notice),
    }


def say_with_profile(session: Session, page: Page, message: Message) -> None:
    """Word first words anew that awaited the customer's profile; they do not wait again."""
    text = Wording(session, page, message.customer_id).text(
        message.kind, conversation_id=message.conversation_id or "", agent_id=None
    )
    message.text = text if text is not None else message.text
    message.reason = None


def _why(notice: Notice) -> str | None:
    """The cause of a notice that has words for each; a rule's notice has the rule for its cause."""
    return notice.cause_id if notice.trigger == AutomatedTrigger.OUTSIDE_WINDOW else None


def _words(wording: Wording, send: QueuedSend) -> str | None:
    return wording.text(
        send.trigger or "",
        conversation_id=send.conversation_id,
        agent_id=send.agent_id,
        cause_id=send.cause_id,
    )


def _send_row(
    page: Page,
    customer_id: str,
    send: QueuedSend,
    at: datetime,
    *,
    text: str | None,
    content: dict[str, Any] | None,
) -> dict[str, Any]:
    return new_outbound_row(
        id=send.message_id,
        page_id=page.page_id,
        customer_id=customer_id,
        conversation_id=send.conversation_id,
        sender_kind=send.sender_kind.value,
        kind=send.trigger or "message",
        text=text,
        content=content,
        created_at=at,
    )
