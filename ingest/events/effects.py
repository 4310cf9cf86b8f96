"""What one routed event changes in its thread. The table behind it is `messenger.webhooks.catalogue`."""

from datetime import datetime
from functools import singledispatch
from typing import Any

from base import clock
from domain.conversations.state import ThreadEventKind
from domain.sending.delivery import MessageStatus
from domain.sending.thread_owner import OwnerKind, kind_of
from domain.surveys.names import is_survey_payload
from ingest.events import survey_answers
from ingest.events.customer_messages import (
    attachment,
    id_of_known,
    is_known,
    referral,
    take_words,
    unheard_words,
    words_of_message,
    words_of_postback,
)
from ingest.events.event_context import EventContext, insert, note, tell
from ingest.events.files import take_files
from messenger.graph.own_metadata import message_id_in
from messenger.webhooks import events as meta
from messenger.webhooks.catalogue import hands_over
from messenger.webhooks.webhook import READ_BACK_CHANNELS
from store.conversations.messages import confirm_by_echo, waiting_with_words
from store.conversations.thread_owners import owner_of_thread, set_owner


@singledispatch
def take(parsed: meta.Event, arrival: EventContext) -> None:  # noqa: ARG001 - the registered kinds use it
    """What the event changes, each kind its own; others change nothing but the record.

    What they carry may be personal: it stays in the inbox.
    """
    note(arrival, f"customer.{arrival.row.kind}", {"inbox_id": arrival.row.id})


@take.register
def _message(parsed: meta.InboundMessage, arrival: EventContext) -> None:
    known = is_known(arrival, parsed.mid)
    if known and (arrival.row.channel in READ_BACK_CHANNELS or is_survey_payload(parsed.quick_reply_payload)):
        arrival.tells_owner = False
        note(arrival, f"customer.{arrival.row.kind}", {"inbox_id": arrival.row.id})
    elif is_survey_payload(parsed.quick_reply_payload):
        survey_answers.take_tap(parsed, arrival)
    else:
        take_words(words_of_message(parsed), arrival)


@take.register
def _postback(parsed: meta.Postback, arrival: EventContext) -> None:
    take_words(words_of_postback(parsed), arrival)


@take.register
def _echo(parsed: meta.Echo, arrival: EventContext) -> None:
    if (
        _confirmed_own(arrival, parsed)
        or _confirmed_by_mid(arrival, parsed)
        or _confirmed_by_words(arrival, parsed)
    ):
        return
    listed = [attachment(each) for each in parsed.attachments]
    take_files(arrival, arrival.id, parsed.attachments, listed, from_customer=False)
    insert(
        arrival,
        direction="outbound",
        sender_kind="outside",
        text=parsed.text,
        attachments=listed,
        reply_to_mid=parsed.reply_to_mid,
        mid=parsed.mid,
        app_id=parsed.app_id,
        status=MessageStatus.SENT.value,
        sent_at=arrival.occurred_at,
    )
    named_program = kind_of(parsed.app_id, arrival.own_app_id) is OwnerKind.ANOTHER_APP
    tell(arrival, ThreadEventKind.OUTSIDE_MESSAGE, message_id=arrival.id, by_program=named_program)


def _confirmed_own(arrival: EventContext, echo: meta.Echo) -> bool:
    """Whether the echo is of a message of ours; only app, row, page and person together prove it.

    Any app on the page can send our metadata; which app it was is Meta's own word, where Meta says it.
    """
    if echo.app_id not in (None, arrival.own_app_id):
        return False
    message_id = message_id_in(echo.metadata)
    return message_id is not None and _confirm(arrival, message_id, echo.mid)


def _confirmed_by_mid(arrival: EventContext, echo: meta.Echo) -> bool:
    """Whether the echo names a message that we know already, without our metadata."""
    if echo.mid is None:
        return False
    known = id_of_known(arrival, echo.mid)
    return known is not None and _confirm(arrival, known, echo.mid)


def _confirmed_by_words(arrival: EventContext, echo: meta.Echo) -> bool:
    """Whether the echo, which has lost our metadata, is of the one message of ours that it can be.

    Our own app sent these words to this person, and one message with these words waits for Meta's answer, or
    has lost it. What was said by our app and is none of ours, as by another program with its token, has other
    words, or comes while nothing waits.
    """
    if echo.app_id != arrival.own_app_id or echo.metadata is not None:
        return False
    for status in (MessageStatus.SENDING, MessageStatus.UNKNOWN):
        found = waiting_with_words(arrival.session, arrival.customer.id, echo.text or "", status)
        if len(found) == 1 and (echo.text or status is MessageStatus.SENDING):
            return _confirm(arrival, found[0], echo.mid)
    return False


def _confirm(arrival: EventContext, message_id: str, mid: str | None) -> bool:
    confirmed = confirm_by_echo(
        arrival.session,
        message_id,
        page_id=arrival.thread.page_id,
        customer_id=arrival.customer.id,
        mid=mid,
        at=arrival.occurred_at,
    )
    if confirmed is None:
        return False
    if confirmed.event is not None:
        arrival.effects.events.append(confirmed.event)
    if confirmed.former == MessageStatus.UNKNOWN:
        tell(arrival, ThreadEventKind.OWN_ECHO, message_id=message_id)
    if confirmed.former == MessageStatus.RESENT:
        note(arrival, "message.sent_twice", {"message_id": message_id})
    return True


@take.register
def _reaction(parsed: meta.Reaction, arrival: EventContext) -> None:
    change = {
        "by": "customer",
        "action": parsed.action or "react",
        "reaction": parsed.reaction,
        "emoji": parsed.emoji,
        "at": arrival.occurred_at.isoformat(),
    }
    _change(arrival, parsed.mid, "reaction", change)
    if arrival.opening_kind is not None:
        tell(arrival, ThreadEventKind.WINDOW_OPENING)


@take.register
def _edit(parsed: meta.Edit, arrival: EventContext) -> None:
    change = {"text": parsed.text, "number": parsed.num_edit, "at": arrival.occurred_at.isoformat()}
    _change(arrival, parsed.mid, "edit", change)


@take.register
def _deletion(parsed: meta.Deleted, arrival: EventContext) -> None:
    _change(arrival, parsed.mid, "deletion", {"at": arrival.occurred_at.isoformat()})


@take.register
def _feedback(parsed: meta.Feedback, arrival: EventContext) -> None:
    survey_answers.take_feedback(parsed, arrival)


@take.register
def _delivery(parsed: meta.Delivery, arrival: EventContext) -> None:
    until = _watermark(arrival, parsed.watermark_ms)
    if until is None or (arrival.thread.delivered_until and until <= arrival.thread.delivered_until):
        return
    arrival.thread.delivered_until = until
    note(arrival, "messages.delivered", {"until": until.isoformat()})


@take.register
def _read(parsed: meta.Read, arrival: EventContext) -> None:
    until = _watermark(arrival, parsed.watermark_ms)
    if until is None or (arrival.thread.read_until and until <= arrival.thread.read_until):
        return
    arrival.thread.read_until = until
    note(arrival, "messages.read", {"until": until.isoformat()})


def _watermark(arrival: EventContext, watermark_ms: int | None) -> datetime | None:
    """A watermark in the future (docs/reference/bad-input.md, W49) must not mark what is not sent yet."""
    if watermark_ms is None:
        return None
    return min(clock.from_milliseconds(watermark_ms), arrival.received_at)


@take.register
def _entry(parsed: meta.Referral, arrival: EventContext) -> None:
    arrival.thread.pending_referral = referral(parsed.data)
    note(arrival, "customer.referral", {"source": parsed.data.source, "type": parsed.data.type})
    if arrival.opening_kind is not None:
        tell(arrival, ThreadEventKind.ENTRY)


@take.register
def _control(parsed: meta.ThreadControl, arrival: EventContext) -> None:
    apps = {
        "previous_owner_app_id": parsed.previous_owner_app_id,
        "new_owner_app_id": parsed.new_owner_app_id,
    }
    note(arrival, f"customer.{arrival.row.kind}", {"inbox_id": arrival.row.id, **apps})
    if hands_over(parsed, arrival.own_app_id) and (message_id := unheard_words(arrival)) is not None:
        tell(arrival, ThreadEventKind.HANDED_OVER, message_id=message_id)


def learn_owner(parsed: meta.Event, arrival: EventContext) -> None:
    """Keep what an event tells of who controls its thread."""
    if not arrival.tells_owner:
        return
    known, at = owner_of_thread(arrival.thread), arrival.occurred_at
    match parsed:
        case meta.ThreadControl(action="pass" | "take", new_owner_app_id=app_id):
            learnt = known.handed_to(app_id, arrival.own_app_id, at)
        case meta.ThreadControl():
            return
        case _ if arrival.standby:
            learnt = known.heard_on_standby(at)
        case meta.InboundMessage() | meta.Postback():
            learnt = known.heard_as_ours(at)
        case _:
            return
    set_owner(arrival.thread, learnt)


def _change(arrival: EventContext, mid: str | None, kind: str, change: dict[str, Any]) -> None:
    """Note a change of a message; the router applies it once the batch's messages are there."""
    if mid is not None:
        page_id = arrival.thread.page_id
        arrival.effects.changes.append(
            {"inbox_id": arrival.row.id, "page_id": page_id, "mid": mid, "kind": kind, "change": change}
        )
