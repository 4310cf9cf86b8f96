"""Deleting what is kept for a time only. `docs/privacy.md` names each kind and its period.

Each function handles one batch in one transaction, so that no writer waits long, and returns how many rows it
found; 0 means that nothing of the kind is too old any more. Every one may be repeated.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, tuple_, update
from sqlmodel import Session, SQLModel, col, func, select

from domain.attachments.refusals import Direction, FileReason, FileState
from store.attachments.rows import expire_file
from store.db.sql import delete_rows, table_of
from store.reports.daily import summed_until
from store.tables import (
    Attachment,
    AttachmentUpload,
    Event,
    IdempotencyRecord,
    InboxEvent,
    Opening,
    PresenceChange,
    QueueStay,
    SignIn,
    Slot,
    UnroutedEvent,
)

ROWS_AT_ONCE = 500
FILES_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class OldEvents:
    """A batch of the inbox: the ids whose content is too old, and how far the inbox was looked through."""

    ids: list[int]
    position: int


def old_inbox_events(
    session: Session, after: int, before: datetime, positions: dict[int, int]
) -> OldEvents | None:
    """The next events after the id `after` that came before the instant; None where there are none.

    An event that the relay has not read yet ends the search, however old it is.
    """
    columns = select(
        InboxEvent.id, col(InboxEvent.partition), col(InboxEvent.received_ms), func.length(InboxEvent.raw)
    )
    following = columns.where(col(InboxEvent.id) > after).order_by(col(InboxEvent.id)).limit(ROWS_AT_ONCE)
    before_ms = int(before.timestamp() * 1000)
    ids, position = [], after
    for inbox_id, partition, received_ms, size in session.exec(following):
        if received_ms >= before_ms or inbox_id is None or inbox_id > positions.get(partition, 0):
            break
        position = inbox_id
        if size:
            ids.append(inbox_id)
    return OldEvents(ids, position) if position > after else None


def set_aside(session: Session, inbox_ids: list[int]) -> set[int]:
    """Which of these events went to no thread; they may be routed again, so their content is kept."""
    among = select(UnroutedEvent.inbox_id).where(col(UnroutedEvent.inbox_id).in_(inbox_ids))
    return set(session.exec(among))


def empty_inbox_events(session: Session, inbox_ids: list[int]) -> None:
    """Delete the content of events. Key and digest stay: a repetition of Meta's is known by them."""
    events = table_of(InboxEvent)
    session.connection().execute(update(events).where(events.c.id.in_(inbox_ids)).values(raw=b""))


def old_unrouted_events(session: Session, before: datetime) -> list[int]:
    """The inbox ids of events that went to no thread before the instant."""
    oldest = select(UnroutedEvent).order_by(col(UnroutedEvent.inbox_id)).limit(ROWS_AT_ONCE)
    return [row.inbox_id for row in session.exec(oldest) if row.at < before]


def forget_unrouted_events(session: Session, inbox_ids: list[int]) -> int:
    """Delete the rows of events that went to no thread, once their content is gone."""
    return delete_rows(session, UnroutedEvent, col(UnroutedEvent.inbox_id).in_(inbox_ids))


def delete_old_events(session: Session, before: datetime) -> int:
    """Delete the oldest lines of the log. The newest stays: it tells how far the numbers have come."""
    newest = select(func.max(Event.id)).scalar_subquery()
    return _delete_oldest(session, Event, "at", before, col(Event.id) < newest)


def delete_old_openings(session: Session, before: datetime) -> int:
    """Delete openings. The thread keeps what they amount to, its window."""
    return _delete_oldest(session, Opening, "received_at", before)


def delete_old_idempotency_records(session: Session, before: datetime) -> int:
    """Delete what is kept to answer repeated requests."""
    return _delete_some(session, IdempotencyRecord, col(IdempotencyRecord.created_at) < before)


def delete_old_sign_ins(session: Session, before: datetime) -> int:
    """Delete sign-ins that expired before the instant."""
    return _delete_some(session, SignIn, col(SignIn.expires_at) < before)


def delete_old_meta_ids(session: Session, before: datetime) -> int:
    """Delete Meta's ids of uploaded files that Meta has forgotten."""
    return _delete_some(session, AttachmentUpload, col(AttachmentUpload.expires_at) < before)


def delete_summed_stays(session: Session) -> int:
    """Delete stays in queues of days that are summed up for reports; one that is not over stays."""
    until = summed_until(session)
    if until is None:
        return 0
    over = and_(col(QueueStay.entered_at) < until, col(QueueStay.ended_at).is_not(None))
    return _delete_some(session, QueueStay, over)


def delete_summed_presence(session: Session) -> int:
    """Delete presences that ended within days that are summed up."""
    until = summed_until(session)
    if until is None:
        return 0
    return _delete_some(
        session, PresenceChange, and_(col(PresenceChange.at) < until, col(PresenceChange.until) <= until)
    )


def delete_summed_slots(session: Session) -> int:
    """Delete slots that were released within days that are summed up."""
    until = summed_until(session)
    return _delete_some(session, Slot, col(Slot.released_at) <= until) if until is not None else 0


def expire_unused_uploads(session: Session, before: datetime, now: datetime) -> int:
    """Withdraw files that an agent uploaded before the instant and never sent."""
    unused = and_(col(Attachment.message_id).is_(None), _ready_since(before))
    return _expire(session, unused, now)


def expire_old_files(session: Session, before: datetime, now: datetime) -> int:
    """Withdraw files of messages. One that was uploaded to Meta in the last 90 days is still in use."""
    in_use = exists().where(
        col(AttachmentUpload.attachment_id) == Attachment.id, col(AttachmentUpload.expires_at) > now
    )
    return _expire(session, and_(_ready_since(before), ~in_use), now)


def files_to_delete(session: Session, after: str) -> list[tuple[str, str]]:
    """Withdrawn files that the attachment store has still, by id after `after`: their ids and places."""
    withdrawn = and_(
        col(Attachment.reason) == FileReason.RETENTION_EXPIRED.value, col(Attachment.store_key).is_not(None)
    )
    rows = session.exec(
        select(Attachment)
        .where(withdrawn, col(Attachment.id) > after)
        .order_by(col(Attachment.id))
        .limit(FILES_AT_ONCE)
    )
    return [(row.id, row.store_key or "") for row in rows]


def forget_deleted_file(session: Session, attachment_id: str) -> None:
    """The attachment store does not have the file any more. Without a message its row goes too."""
    file = session.get(Attachment, attachment_id)
    if file is None:
        return
    file.store_key = None
    if file.direction == Direction.OUTBOUND and file.message_id is None:
        delete_rows(session, AttachmentUpload, col(AttachmentUpload.attachment_id) == attachment_id)
        session.delete(file)


def _ready_since(before: datetime) -> ColumnElement[bool]:
    return and_(
        col(Attachment.state) == FileState.READY.value,
        col(Attachment.store_key).is_not(None),
        col(Attachment.created_at) < before,
    )


def _expire(session: Session, chosen: ColumnElement[bool], now: datetime) -> int:
    files = session.exec(select(Attachment).where(chosen).limit(FILES_AT_ONCE).with_for_update()).all()
    for file in files:
        expire_file(session, file, now)
    return len(files)


def _delete_oldest(
    session: Session, model: type[SQLModel], instant: str, before: datetime, *more: ColumnElement[bool]
) -> int:
    """Delete among the rows with the lowest ids those from before the instant: ids grow with time."""
    table = table_of(model)
    key = next(iter(table.primary_key.columns))
    oldest = select(key, table.c[instant]).order_by(key).limit(ROWS_AT_ONCE)
    if more:
        oldest = oldest.where(or_(*more))
    ids = [id_ for id_, at in session.connection().execute(oldest) if at < before]
    return delete_rows(session, model, key.in_(ids)) if ids else 0


def _delete_some(session: Session, model: type[SQLModel], chosen: ColumnElement[bool]) -> int:
    keys: Any = list(table_of(model).primary_key.columns)
    some = select(*keys).where(chosen).limit(ROWS_AT_ONCE)
    return delete_rows(session, model, tuple_(*keys).in_(some))
