"""The files of a customer's message on their way in: which are to be fetched, which are refused at once."""

from collections.abc import Sequence
from typing import Any

from base.ids import id_from_key
from domain.attachments import (
    FETCHED_KINDS,
    MOST_IN_ONE_MESSAGE,
    FileReason,
    name_in_address,
    safe_name,
)
from domain.settings import AutomatedTrigger
from ingest.arrival import Arrival
from messenger.attachments import Attachment
from store.attachments import inbound_row, shown


def take_files(
    arrival: Arrival, attachments: Sequence[Attachment], listed: list[dict[str, Any]]
) -> AutomatedTrigger | None:
    """Note the files among the attachments, and put into `listed` how the message shows them.

    Returns what the customer is to be told if the page takes no files.
    """
    refused = False
    for position, attachment in enumerate(attachments):
        if attachment.type not in FETCHED_KINDS or attachment.url is None:
            continue
        reason = _refusal(arrival, position)
        refused = refused or reason is not None
        row = _row(arrival, attachment, attachment.url, position, reason)
        arrival.effects.attachments.append(row)
        listed[position] = shown(**row)
        if reason is None and arrival.id not in arrival.effects.files:
            arrival.effects.files.append(arrival.id)
    return AutomatedTrigger.UNSUPPORTED_MESSAGE if refused and not arrival.takes_files else None


def _refusal(arrival: Arrival, position: int) -> FileReason | None:
    if not arrival.takes_files:
        return FileReason.SWITCHED_OFF
    return FileReason.TOO_MANY if position >= MOST_IN_ONE_MESSAGE else None


def _row(
    arrival: Arrival, attachment: Attachment, url: str, position: int, refused: FileReason | None
) -> dict[str, Any]:
    return inbound_row(
        id=id_from_key(arrival.id, "file", str(position)),
        message_id=arrival.id,
        page_id=arrival.thread.page_id,
        customer_id=arrival.customer.id,
        position=position,
        kind=attachment.type,
        name=safe_name(attachment.title or name_in_address(url), f"{attachment.type}-{position + 1}"),
        url=url,
        refused=refused,
        at=arrival.received_at,
    )
