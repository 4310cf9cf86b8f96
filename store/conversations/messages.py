"""Outbound messages: the intent, the attempts, the outcome. The send protocol's durable half."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, bindparam, update
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from domain.conversations.changes import Fact, StatusChange
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from domain.sending.delivery import MAY_BECOME_SENT, NEXT, MessageStatus, comparable
from store.access.visibility import Reader, is_seen
from store.db.sql import row_of, table_of
from store.events.events import append_events, event_row
from store.tables import Conversation, Customer, Message, Page, Thread

_WITH_MID = select(Message.id).where(
    col(Message.page_id) == bindparam("page_id"), col(Message.mid) == bindparam("mid")
)


def new_outbound_row(
    *,
    id: str,  # noqa: A002 - the column's name
    page_id: str,
    customer_id: str,
    conversation_id: str,
    sender_kind: str,
    text: str | None,
    created_at: datetime,
    kind: str = "message",
    content: dict[str, Any] | None = None,
    session_id: str | None = None,
    agent_id: str | None = None,
    reply_to_mid: str | None = None,
    request_hash: str | None = None,
    client_key: str | None = None,
    hold: bool = False,
    resends: str | None = None,
) -> dict[str, Any]:
    """The row of a message that is to be sent; it starts as `queued`."""
    return row_of(
        Message,
        id=id,
        page_id=page_id,
        customer_id=customer_id,
        conversation_id=conversation_id,
        session_id=session_id,
        direction="outbound",
        sender_kind=sender_kind,
        agent_id=agent_id,
        kind=kind,
        text=text,
        content=content,
        reply_to_mid=reply_to_mid,
        request_hash=request_hash,
        client_key=client_key,
        hold=hold,
        resends=resends,
        status=MessageStatus.QUEUED.value,
        occurred_at=created_at,
        created_at=created_at,
    )


def begin_attempt(session: Session, message: Message, allowed_by: str, at: datetime) -> int:
    """Note, before any socket opens, that an attempt begins. Returns its number."""
    message.status = MessageStatus.SENDING.value
    message.reason = None
    message.allowed_by = allowed_by
    message.attempt += 1
    message.occurred_at = at
    append_events(session, [_status_event(message, at)])
    return message.attempt


def settle(
    session: Session,
    message_id: str,
    status: MessageStatus,
    at: datetime,
    *,
    attempt: int | None = None,
    mid: str | None = None,
    reason: str | None = None,
    detail: str | None = None,
) -> bool:
    """Record an outcome, unless it may not follow what is known, or the attempt is overtaken.

    It may not, for one, where an echo was faster, or where an agent has said the message again.
    Returns whether anything changed.
    """
    # Read anew: who read the row before without its lock has what it was then.
    message = session.get(Message, message_id, with_for_update=True, populate_existing=True)
    if message is None or (
        attempt is not None and message.attempt != attempt and status is not MessageStatus.SENT
    ):
        return False
    if status is MessageStatus.SENT:
        confirmed = _confirm(session, message, mid, at)
        append_events(session, [confirmed] if confirmed else [])
        return confirmed is not None
    if message.status is None or status not in NEXT[MessageStatus(message.status)]:
        return False
    message.status = status.value
    message.reason = reason
    message.reason_detail = detail
    append_events(session, [_status_event(message, at)])
    return True


# What may become what by the workflow's decision.
_DECIDED_FROM = {
    MessageStatus.HELD: (MessageStatus.QUEUED,),
    MessageStatus.QUEUED: (MessageStatus.HELD,),
    MessageStatus.CANCELLED: (MessageStatus.HELD,),
    MessageStatus.EXPIRED: (MessageStatus.HELD,),
    # Queued: an attempt that was taken for lost had sent nothing, and the message was to be tried again.
    MessageStatus.RESENT: (MessageStatus.UNKNOWN, MessageStatus.QUEUED),
    # An attempt that was taken for lost had ended so, and the workflow did not come to know in time.
    MessageStatus.UNKNOWN: (MessageStatus.QUEUED, MessageStatus.HELD),
}


def decide_status(session: Session, change: StatusChange) -> None:
    """Write a status that the workflow decided on; its fact is in the timeline already."""
    values: dict[str, Any] = {"status": change.status.value, "reason": change.reason}
    if change.conversation_id is not None:
        values["conversation_id"] = change.conversation_id
        values["session_id"] = _session_of(change.conversation_id)
    table = table_of(Message)
    session.connection().execute(
        update(table)
        .where(
            table.c.id == change.message_id,
            table.c.status.in_(status.value for status in _DECIDED_FROM[change.status]),
        )
        .values(values)
    )


@dataclass(frozen=True, slots=True)
class ByEcho:
    """What an echo found: the former status, and the event to be appended, where it told anything new."""

    former: str
    event: dict[str, Any] | None


def confirm_by_echo(
    session: Session, message_id: str, *, page_id: str, customer_id: str, mid: str | None, at: datetime
) -> ByEcho | None:
    """An echo carries our message id: the message was sent, whatever we believed.

    Its event is the caller's to append, last in the transaction: the relay has a whole batch to take.
    None: no such row of ours, or it belongs to another page or person: not our echo (W54 of
    docs/reference/bad-input.md).
    """
    message = session.get(Message, message_id, with_for_update=True)
    if message is None or message.direction != "outbound":
        return None
    if message.page_id != page_id or message.customer_id != customer_id:
        return None
    former = message.status or ""
    event = _confirm(session, message, mid, at)
    message.occurred_at = at
    return ByEcho(former, event)


def words_at_meta(text: str | None, content: Mapping[str, Any] | None) -> str:
    """What Meta shows of a message of ours: the words that were sent, and none of a template or a file.

    The row's own text may hide what only the customer is to see, as a survey's link.
    """
    sent = content or {}
    return "" if "attachment" in sent else sent.get("text", text) or ""


def waiting_with_words(
    session: Session, customer_id: str, words: str, status: MessageStatus, *, reason: str | None = None
) -> list[str]:
    """The ids of our messages to a customer in this status that have these words and no id of Meta's yet.

    `reason`: only of those that are in the status for it.
    """
    query = select(Message.id, Message.text, Message.content).where(
        col(Message.customer_id) == customer_id,
        col(Message.direction) == "outbound",
        col(Message.status) == status.value,
        col(Message.mid).is_(None),
    )
    found = session.exec(query if reason is None else query.where(col(Message.reason) == reason))
    wanted = comparable(words)
    return [
        message_id
        for message_id, text, content in found
        if comparable(words_at_meta(text, content)) == wanted
    ]


@dataclass(frozen=True, slots=True, repr=False)
class UnconfirmedMessage:
    """A message of ours that has no id of Meta's yet; `words` are those that Meta would show of it."""

    psid: str
    words: str
    status: MessageStatus
    reason: str | None
    tried_at: datetime


def unconfirmed_of_people(session: Session, page_id: str, psids: Iterable[str]) -> list[UnconfirmedMessage]:
    """Our messages to these people that have no id of Meta's yet."""
    found = session.exec(
        select(Customer.psid, Message)
        .join(Customer, col(Customer.id) == col(Message.customer_id))
        .where(
            col(Customer.page_id) == page_id,
            col(Customer.psid).in_(set(psids)),
            col(Message.direction) == "outbound",
            col(Message.mid).is_(None),
        )
    )
    return [
        UnconfirmedMessage(
            psid=psid,
            words=words_at_meta(message.text, message.content),
            status=MessageStatus(message.status or MessageStatus.UNKNOWN),
            reason=message.reason,
            tried_at=message.occurred_at,
        )
        for psid, message in found
    ]


def message_of_mid(session: Session, page_id: str, mid: str, *, lock: bool = False) -> Message | None:
    """The page's message that has Meta's id."""
    wanted = select(Message).where(col(Message.page_id) == page_id, col(Message.mid) == mid)
    return session.exec(wanted.with_for_update() if lock else wanted).first()


def messages_with_threads(
    session: Session, message_ids: Collection[str], reader: Reader | None = None
) -> list[tuple[Message, Thread]]:
    """Those of these messages that there are, and that this reader sees; each with its thread."""
    if not message_ids:
        return []
    wanted = (
        select(Message, Thread)
        .join(Thread, col(Thread.customer_id) == col(Message.customer_id))
        .where(col(Message.id).in_(message_ids))
        .options(defer(Thread.state))  # type: ignore[arg-type]  # SQLModel types columns as values
    )
    if reader is not None:
        wanted = wanted.where(is_seen(reader, col(Message.conversation_id), col(Message.customer_id)))
    return list(session.exec(wanted))


def conversation_of_message(session: Session, message_id: str) -> str | None:
    """The conversation that a message is in; None where it is in none yet."""
    return session.exec(select(Message.conversation_id).where(Message.id == message_id)).first()


@dataclass(frozen=True, slots=True, repr=False)
class ThreadAddress:
    """Whose thread a message is in, as Meta names them, and the account of the Page."""

    account_id: str
    page_id: str
    psid: str


def thread_address(session: Session, message_id: str) -> ThreadAddress | None:
    """The thread of a message; None where there is no such message."""
    found = session.exec(
        select(Page.account_id, Page.page_id, Customer.psid)
        .join(Message, col(Message.page_id) == col(Page.page_id))
        .join(Customer, col(Customer.id) == col(Message.customer_id))
        .where(Message.id == message_id)
    ).first()
    return ThreadAddress(*found) if found else None


def newest_of_customer(session: Session, customer_id: str) -> Message | None:
    """The newest message that the customer wrote, by Meta's time."""
    return session.exec(
        select(Message)
        .where(col(Message.customer_id) == customer_id, col(Message.direction) == "inbound")
        .order_by(col(Message.occurred_at).desc())
        .limit(1)
    ).first()


def known_mids(session: Session, page_id: str, mids: Iterable[str]) -> set[str | None]:
    """Those of Meta's ids that a message of the page has."""
    return set(
        session.exec(
            select(Message.mid).where(col(Message.page_id) == page_id, col(Message.mid).in_(list(mids)))
        )
    )


def is_one_being_sent(session: Session, customer_id: str) -> bool:
    """Whether an attempt to send to the customer has begun and not ended."""
    sending = select(Message.id).where(
        Message.customer_id == customer_id, Message.status == MessageStatus.SENDING.value
    )
    return session.exec(sending.limit(1)).first() is not None


def displayed_status(message: Message, thread: Thread | None) -> str | None:
    """A message's status with the thread's receipts applied."""
    if message.status != MessageStatus.SENT.value or thread is None:
        return message.status
    if thread.read_until is not None and message.occurred_at <= thread.read_until:
        return MessageStatus.READ.value
    if thread.delivered_until is not None and message.occurred_at <= thread.delivered_until:
        return MessageStatus.DELIVERED.value
    return message.status


def replied_ids(session: Session, messages: Iterable[Message]) -> dict[str, str]:
    """The ids of the messages that these answer to, by Meta's id, where they are known here."""
    wanted = {(each.customer_id, each.reply_to_mid) for each in messages if each.reply_to_mid}
    if not wanted:
        return {}
    found = session.exec(
        select(Message.customer_id, Message.mid, Message.id).where(
            col(Message.customer_id).in_({customer_id for customer_id, _ in wanted}),
            col(Message.mid).in_({mid for _, mid in wanted}),
        )
    )
    return {mid: message_id for customer_id, mid, message_id in found if mid and (customer_id, mid) in wanted}


def _session_of(conversation_id: str) -> ScalarSelect[Any]:
    """The session that the conversation has now."""
    return select(Conversation.session_id).where(col(Conversation.id) == conversation_id).scalar_subquery()


def _confirm(session: Session, message: Message, mid: str | None, at: datetime) -> dict[str, Any] | None:
    """Make a message `sent`. Returns the event of it; None where its status forbids that."""
    if message.status is None or MessageStatus(message.status) not in MAY_BECOME_SENT:
        return None
    if mid is not None and message.mid is None and not _is_taken(session, message.page_id, mid):
        message.mid = mid
    message.status = MessageStatus.SENT.value
    message.reason = None
    message.reason_detail = None
    message.sent_at = at
    session.flush()
    return _status_event(message, at)


def _is_taken(session: Session, page_id: str, mid: str) -> bool:
    """Whether another row has Meta's id already."""
    return session.exec(_WITH_MID, params={"page_id": page_id, "mid": mid}).first() is not None


def _status_event(message: Message, at: datetime) -> dict[str, Any]:
    """Each status is recorded once per attempt."""
    fact = Fact(
        FactKind(f"message.{message.status}"),
        at,
        ActorKind.SYSTEM,
        None,
        message.conversation_id,
        message.id,
        {"attempt": message.attempt, "reason": message.reason, "allowed_by": message.allowed_by},
    )
    key = f"{message.id}/{message.status}/{message.attempt}"
    return event_row(fact, message.page_id, message.customer_id, key)
