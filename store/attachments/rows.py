"""The rows of files, and how a message shows them.

A message's own list of attachments is what everybody reads; it is written anew whenever one of its files
changes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from domain.attachments.file_types import family_of
from domain.attachments.refusals import NOTICES, STATE_OF, TOLD, Direction, FileReason, FileState
from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from domain.workstreams.conversation_settings import AutomatedTrigger
from store.db.refusals import RefusalReason, StoreRefusalError
from store.db.sql import delete_rows, insert_or_ignore, row_of
from store.events.events import append_events, event_row
from store.tables import Attachment, AttachmentUpload, Message, Page

MAX_TRIES = 3
TIMEOUT = timedelta(hours=6)
"""So long after a file came no try counts that ends without it: an outage must not cost it."""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that was checked and is in the attachment store."""

    name: str
    size_bytes: int
    content_type: str
    sha256: str
    store_key: str


def inbound_row(
    *,
    id: str,  # noqa: A002 - the column's name
    message_id: str,
    page_id: str,
    customer_id: str,
    position: int,
    kind: str,
    name: str,
    url: str,
    refused: FileReason | None,
    at: datetime,
) -> dict[str, Any]:
    """The row of a file in a customer's message: to be fetched, or refused at once."""
    return row_of(
        Attachment,
        id=id,
        direction=Direction.INBOUND.value,
        message_id=message_id,
        page_id=page_id,
        customer_id=customer_id,
        position=position,
        kind=kind,
        state=(STATE_OF[refused] if refused else FileState.PENDING).value,
        reason=refused.value if refused else None,
        name=name,
        url=None if refused else url,
        created_at=at,
        ended_at=at if refused else None,
    )


def shown(
    *,
    id: str,  # noqa: A002 - as in the row
    kind: str,
    state: str,
    reason: str | None,
    name: str | None,
    size_bytes: int | None = None,
    content_type: str | None = None,
    **_: Any,
) -> dict[str, Any]:
    """A file as its message shows it. Meta's link is not part of it."""
    return {
        "type": kind,
        "id": id,
        "state": state,
        "reason": reason,
        "notice": NOTICES[FileReason(reason)] if reason else None,
        "name": name,
        "size_bytes": size_bytes,
        "content_type": content_type,
        "url": f"/v1/attachments/{id}" if state == FileState.READY else None,
    }


def messages_with_pending_files(session: Session) -> list[str]:
    """Messages of which files are still to be fetched."""
    pending = select(Attachment.message_id).where(
        col(Attachment.state) == FileState.PENDING.value, col(Attachment.message_id).is_not(None)
    )
    return [message_id for message_id in session.exec(pending.distinct()) if message_id is not None]


def messages_with_files_to_delete(session: Session) -> list[str]:
    """Messages that were taken back, and whose files the attachment store may have still."""
    left = select(Attachment.message_id).where(
        col(Attachment.state) == FileState.DELETED.value,
        col(Attachment.store_key).is_not(None),
        col(Attachment.message_id).is_not(None),
    )
    return [message_id for message_id in session.exec(left.distinct()) if message_id is not None]


def take_back(session: Session, message_id: str, at: datetime) -> bool:
    """A customer took a message back: nothing of its files is served any more. Whether there are some.

    Where the attachment store has them, or will, is kept until `deleted`.
    """
    theirs = select(Attachment).where(
        col(Attachment.message_id) == message_id, col(Attachment.direction) == Direction.INBOUND.value
    )
    files = session.exec(theirs.with_for_update()).all()
    for file in files:
        file.state, file.store_key, file.ended_at = FileState.DELETED.value, store_key(file), at
        file.reason = file.url = file.name = file.content_type = file.sha256 = file.size_bytes = None
    return bool(files)


def deleted(session: Session, attachment_id: str) -> None:
    """The attachment store does not have the file any more."""
    file = session.get(Attachment, attachment_id)
    if file is not None:
        file.store_key = None


def files_of(session: Session, message_id: str) -> list[Attachment]:
    """The files of a message, in their order."""
    of_message = select(Attachment).where(col(Attachment.message_id) == message_id)
    return list(session.exec(of_message.order_by(col(Attachment.position))))


def begin_try(session: Session, attachment_id: str, at: datetime) -> Attachment | None:
    """Count one more try to fetch a file, before it is made; None if there is nothing to try.

    A file whose tries never ended broke the worker each time, and is set aside.
    """
    file = _pending(session, attachment_id)
    if file is None:
        return None
    if file.attempts >= MAX_TRIES:
        _end(session, file, at, reason=FileReason.PROCESSING_FAILED)
        return None
    file.attempts += 1
    return file


def try_again(session: Session, attachment_id: str, reason: FileReason, at: datetime) -> bool:
    """A try ended without a file; whether there may be another one. After the last the file is given up."""
    file = _pending(session, attachment_id)
    if file is None:
        return False
    if at < file.created_at + TIMEOUT:
        file.attempts = max(file.attempts - 1, 0)
        return True
    if file.attempts < MAX_TRIES:
        return True
    _end(session, file, at, reason=reason)
    return False


def not_tried(session: Session, attachment_id: str) -> None:
    """The try failed by no fault of the file: it does not count."""
    file = _pending(session, attachment_id)
    if file is not None:
        file.attempts = max(file.attempts - 1, 0)


def renew_link(session: Session, attachment_id: str, url: str | None) -> None:
    """Meta was asked for a new link, and may have given one."""
    file = _pending(session, attachment_id)
    if file is not None:
        file.refreshed = True
        file.url = url or file.url


def refuse_file(session: Session, attachment_id: str, reason: FileReason, at: datetime) -> None:
    """The file is not to be had, or not taken."""
    file = _pending(session, attachment_id)
    if file is not None:
        _end(session, file, at, reason=reason)


def keep_file(session: Session, attachment_id: str, kept: KeptFile, at: datetime) -> bool:
    """The file is in the attachment store. False where it is not wanted any more.

    So it is where its customer was erased, or took the message back.
    """
    file = session.get(Attachment, attachment_id, with_for_update=True)
    if file is None or file.state == FileState.DELETED:
        return False
    if file.state == FileState.PENDING:
        _end(session, file, at, kept=kept)
    return True


def expire_file(session: Session, file: Attachment, at: datetime) -> None:
    """The file's retention is over: it is not served any more. `store_key` stays until it is deleted."""
    key = file.store_key
    _end(session, file, at, reason=FileReason.RETENTION_EXPIRED)
    file.store_key = key


def keys_of_customer(session: Session, customer_id: str) -> list[str]:
    """Where the attachment store may have files of a customer: those they sent, or they alone got."""
    files = session.exec(select(Attachment).where(col(Attachment.customer_id) == customer_id))
    return [store_key(file) for file in files]


def forget_customer(session: Session, customer_id: str) -> None:
    """Forget the rows of a customer's files, once the files are gone."""
    theirs = col(Attachment.customer_id) == customer_id
    uploaded = col(AttachmentUpload.attachment_id).in_(select(Attachment.id).where(theirs))
    delete_rows(session, AttachmentUpload, uploaded)
    delete_rows(session, Attachment, theirs)


def store_key(file: Attachment) -> str:
    """Where the attachment store has a customer's file, or will have it."""
    return file.store_key or f"{file.page_id}/{file.id}"


def told_about(files: list[Attachment]) -> AutomatedTrigger | None:
    """What the customer is to be told about files that were not taken."""
    causes = {TOLD[FileReason(file.reason)] for file in files if file.reason in TOLD}
    ordered = (AutomatedTrigger.FILE_TOO_LARGE, AutomatedTrigger.UNSUPPORTED_MESSAGE)
    return next((cause for cause in ordered if cause in causes), None)


def _pending(session: Session, attachment_id: str) -> Attachment | None:
    """The row of a file that is still to be fetched; it is locked."""
    file = session.get(Attachment, attachment_id, with_for_update=True)
    return file if file is not None and file.state == FileState.PENDING else None


def _end(
    session: Session,
    file: Attachment,
    at: datetime,
    *,
    reason: FileReason | None = None,
    kept: KeptFile | None = None,
) -> None:
    file.state = (STATE_OF[reason] if reason else FileState.READY).value
    file.reason = reason.value if reason else None
    file.url = None
    file.ended_at = at
    if kept is not None:
        file.name = kept.name
        file.size_bytes = kept.size_bytes
        file.content_type = kept.content_type
        file.sha256 = kept.sha256
        file.store_key = kept.store_key
    message = session.get(Message, file.message_id, with_for_update=True) if file.message_id else None
    conversation_id = message.conversation_id if message else None
    if message is not None:
        message.attachments = [
            shown(**file.model_dump()) if each.get("id") == file.id else each for each in message.attachments
        ]
    session.flush()
    fact = Fact(
        FactKind(f"attachment.{file.state}"),
        at,
        ActorKind.SYSTEM,
        conversation_id=conversation_id,
        message_id=file.message_id,
        data={"attachment_id": file.id, "reason": file.reason, "attempts": file.attempts},
    )
    append_events(session, [event_row(fact, file.page_id, file.customer_id, f"{file.id}/{file.state}")])


def keep_upload(
    session: Session, attachment_id: str, agent_id: str, kept: KeptFile, at: datetime
) -> Attachment:
    """The row of a file that an agent is to send, or the one that is there already."""
    row = row_of(
        Attachment,
        id=attachment_id,
        direction=Direction.OUTBOUND.value,
        agent_id=agent_id,
        kind=family_of(kept.content_type),
        state=FileState.READY.value,
        name=kept.name,
        size_bytes=kept.size_bytes,
        content_type=kept.content_type,
        sha256=kept.sha256,
        store_key=kept.store_key,
        created_at=at,
        ended_at=at,
    )
    insert_or_ignore(session, Attachment, [row])
    return session.get_one(Attachment, attachment_id)


def file_to_send(
    session: Session,
    page_id: str,
    customer_id: str,
    attachment_id: str,
    message_id: str,
    *,
    uploaded_by: str | None,
) -> list[dict[str, Any]]:
    """How a reply shows its file; refused as `attachments_disabled` and `unknown_attachment`.

    Only the agent who uploaded it may send it (None: whoever that was). A file that one customer alone has
    got is theirs, and is erased with them.
    """
    if not session.get_one(Page, page_id).attachments_for_agents:
        raise StoreRefusalError(RefusalReason.ATTACHMENTS_SWITCHED_OFF, page_id=page_id)
    file = session.get(Attachment, attachment_id, with_for_update=True)
    if file is None or file.direction != Direction.OUTBOUND or file.state != FileState.READY:
        raise StoreRefusalError(RefusalReason.UNKNOWN_ATTACHMENT, attachment_id=attachment_id)
    if uploaded_by is not None and file.agent_id != uploaded_by:
        raise StoreRefusalError(RefusalReason.UNKNOWN_ATTACHMENT, attachment_id=attachment_id)
    if file.message_id is None:
        file.message_id, file.customer_id = message_id, customer_id
    elif file.customer_id != customer_id:
        file.customer_id = None
    return [shown(**file.model_dump())]


def free_file(session: Session, attachment_id: str | None, message_id: str) -> None:
    """The message that was to bring the file is not kept: the file is unsent again, if this was its first."""
    file = session.get(Attachment, attachment_id, with_for_update=True) if attachment_id else None
    if file is not None and file.message_id == message_id:
        file.message_id = file.customer_id = None


def sent_file_id(message: Message) -> str | None:
    """The file that a message of ours brings."""
    if message.direction != Direction.OUTBOUND or not message.attachments:
        return None
    found = message.attachments[0].get("id")
    return found if isinstance(found, str) else None
