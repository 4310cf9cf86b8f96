"""What the databases tell of a desk at work: what waits, and since when. An index answers each question."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from domain.sending.delivery import MessageStatus
from store.inbox.relay_shares import lowest_position
from store.tables import InboxEvent, Message, Page, PageSendState, ThreadEvent
from store.tables.pages import not_removed

MAX_COUNTED = 10_000
"""Where more wait than this, the number says this: counting them would be work at the worst time."""

_UNDER_WAY = (MessageStatus.QUEUED, MessageStatus.SENDING, MessageStatus.UNKNOWN, MessageStatus.HELD)


@dataclass(frozen=True, slots=True)
class Gauges:
    """The desk at one moment.

    `untold`: events that the relay has routed and no conversation has applied yet. `pages`: how many there
    are by (provisioning state, send gate). `messages`: outbound ones that have not ended, by status;
    `oldest_messages`: since when, by status.
    """

    untold: int
    oldest_untold_inbox_id: int | None
    position: int
    pages: dict[tuple[str, str], int]
    messages: dict[str, int]
    oldest_messages: dict[str, datetime]


def gauges(session: Session) -> Gauges:
    """Read them from the store."""
    untold = select(ThreadEvent.inbox_id).limit(MAX_COUNTED).subquery()
    return Gauges(
        untold=session.exec(select(func.count()).select_from(untold)).one(),
        oldest_untold_inbox_id=session.exec(select(func.min(ThreadEvent.inbox_id))).one(),
        position=lowest_position(session),
        pages=_pages(session),
        messages={status.value: _count(session, status) for status in _UNDER_WAY},
        oldest_messages={
            status.value: oldest for status in _UNDER_WAY if (oldest := _oldest(session, status)) is not None
        },
    )


def oldest_unrouted_ms(session: Session, position: int) -> int | None:
    """Asked of the inbox: when the first event after `position` was received, in ms since the epoch."""
    following = select(InboxEvent.received_ms).where(col(InboxEvent.id) > position)
    return session.exec(following.order_by(col(InboxEvent.id)).limit(1)).first()


def oldest_untold_work(session: Session) -> int | None:
    """The inbox id of the oldest event that opens work and that its conversation has not applied yet.

    Other events may have been applied: a conversation in which they change nothing does not write them down.
    """
    work = select(ThreadEvent.inbox_id).where(ThreadEvent.route == "work")
    return session.exec(work.order_by(col(ThreadEvent.inbox_id)).limit(1)).first()


def received_ms(session: Session, inbox_id: int) -> int | None:
    """Asked of the inbox: when this event was received, in milliseconds since the epoch."""
    return session.exec(select(InboxEvent.received_ms).where(InboxEvent.id == inbox_id)).first()


def _pages(session: Session) -> dict[tuple[str, str], int]:
    rows = session.exec(
        select(Page.provisioning_state, PageSendState.send_gate, func.count())
        .join(PageSendState, col(PageSendState.page_id) == col(Page.page_id))
        .where(not_removed())
        .group_by(Page.provisioning_state, PageSendState.send_gate)
    )
    return {(state, gate): count for state, gate, count in rows}


def _count(session: Session, status: MessageStatus) -> int:
    found = select(Message.id).where(Message.status == status.value).limit(MAX_COUNTED).subquery()
    return session.exec(select(func.count()).select_from(found)).one()


def _oldest(session: Session, status: MessageStatus) -> datetime | None:
    return session.exec(select(func.min(Message.created_at)).where(Message.status == status.value)).one()
