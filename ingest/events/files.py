"""The files of a message on their way in: which are to be fetched, which are refused, at once or later."""

from collections.abc import Sequence
from typing import Any

from base.ids import id_from_key
from domain.attachments.file_names import name_in_address, safe_name
from domain.attachments.file_types import FETCHED_KINDS
from domain.attachments.refusals import MAX_FILES_PER_MESSAGE, FileReason
from domain.workstreams.conversation_settings import AutomatedTrigger
from ingest.events.event_context import EventContext, notify_workflow
from messenger.webhooks.attachments import Attachment
from messenger.webhooks.internal_events import FilesRefused
from store.attachments.rows import inbound_row, shown
from store.conversations.messages import conversation_of_message


def add_files(
    context: EventContext,
    message_id: str,
    attachments: Sequence[Attachment],
    listed: list[dict[str, Any]],
    *,
    from_customer: bool = True,
) -> None:
    """Add a message's files to what is written, and put into `listed` how the message shows them.

    Files that were sent for the Page are kept like the customer's; the switch for customers' files does not
    apply to them.
    """
    refused_here = from_customer and not context.takes_files
    for position, attachment in enumerate(attachments):
        if not _is_file(attachment):
            continue
        reason = _refusal(position, switched_off=refused_here)
        row = _row(context, message_id, attachment, position, reason)
        context.writes.attachments.append(row)
        listed[position] = shown(**row)
        if reason is None and message_id not in context.writes.file_message_ids:
            context.writes.file_message_ids.append(message_id)


def refused_files(context: EventContext, attachments: Sequence[Attachment]) -> AutomatedTrigger | None:
    """What the customer is to be told at once, where the Page takes no files from customers."""
    has_files = any(_is_file(each) for each in attachments)
    return AutomatedTrigger.UNSUPPORTED_MESSAGE if has_files and not context.takes_files else None


def tell_refused_files(refused: FilesRefused, context: EventContext) -> None:
    """Have the conversation of the message tell the customer, unless it is over.

    A message whose event the workflow has not applied yet is in none; it will be in the live one.
    """
    conversation_id = conversation_of_message(context.session, refused.message_id)
    if conversation_id in (None, context.live_conversation_id):
        notify_workflow(context, message_id=refused.message_id, refused_files=refused.trigger)


def _is_file(attachment: Attachment) -> bool:
    return attachment.type in FETCHED_KINDS and attachment.url is not None


def _refusal(position: int, *, switched_off: bool) -> FileReason | None:
    if switched_off:
        return FileReason.DISABLED
    return FileReason.TOO_MANY_FILES if position >= MAX_FILES_PER_MESSAGE else None


def _row(
    context: EventContext, message_id: str, attachment: Attachment, position: int, refused: FileReason | None
) -> dict[str, Any]:
    url = attachment.url or ""
    return inbound_row(
        id=id_from_key(message_id, "file", str(position)),
        message_id=message_id,
        page_id=context.thread.page_id,
        customer_id=context.customer.id,
        position=position,
        kind=attachment.type,
        name=safe_name(attachment.title or name_in_address(url), f"{attachment.type}-{position + 1}"),
        url=url,
        refused=refused,
        at=context.received_at,
    )
