"""Agents' files as Meta has them: once per page, for 90 days."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col

from store.attachments.rows import sent_file_id
from store.db.sql import delete_rows, upsert
from store.tables import Attachment, AttachmentUpload, Message

LIFETIME = timedelta(days=90)
_MARGIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WantedUpload:
    """A file that Meta must have before its message can be sent. `file` is None where it is gone."""

    page_id: str
    attachment_id: str
    file: Attachment | None


def wanted_upload(session: Session, message: Message, now: datetime) -> WantedUpload | None:
    """What is to be uploaded before a message is tried; None if nothing is, and it names its file."""
    file_id = sent_file_id(message)
    if file_id is None:
        return None
    file = session.get(Attachment, file_id)
    upload = session.get(AttachmentUpload, (file_id, message.page_id))
    if file is None or upload is None or upload.expires_at <= now + _MARGIN:
        return WantedUpload(message.page_id, file_id, file)
    named = {"attachment": {"type": file.kind, "payload": {"attachment_id": upload.meta_id}}}
    message.content = (message.content or {}) | named
    return None


def keep_meta_id(session: Session, wanted: WantedUpload, meta_id: str, now: datetime) -> None:
    """Meta has the file."""
    row = {
        "attachment_id": wanted.attachment_id,
        "page_id": wanted.page_id,
        "meta_id": meta_id,
        "expires_at": now + LIFETIME,
    }
    upsert(session, AttachmentUpload, row)


def forget_upload(session: Session, message_id: str) -> bool:
    """Meta does not know the file any more: it is to be uploaded again. Whether the message has one."""
    message = session.get_one(Message, message_id)
    file_id = sent_file_id(message)
    upload = session.get(AttachmentUpload, (file_id, message.page_id)) if file_id else None
    if upload is None:
        return False
    session.delete(upload)
    message.content = {
        name: value for name, value in (message.content or {}).items() if name != "attachment"
    } or None
    return True


def forget_page(session: Session, page_id: str) -> None:
    """The page is gone, and with it Meta's ids of files, which are its own."""
    delete_rows(session, AttachmentUpload, col(AttachmentUpload.page_id) == page_id)
