"""What an event changes in its thread: a function for each `Effect` of `messenger.webhooks.catalogue_row`."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from base import clock
from domain.events.kinds import FactKind
from domain.pages.page_problems import RESTORED
from domain.sending.delivery import MessageStatus
from domain.sending.thread_owner import OwnerKind, kind_of
from ingest.events.customer_messages import (
    CustomerMessage,
    attachment,
    known_message_id,
    last_message_on_standby,
    referral,
    store_customer_message,
)
from ingest.events.event_context import (
    EventContext,
    append_customer_event,
    change_message,
    insert_message,
    notify_workflow,
)
from ingest.events.files import add_files, tell_refused_files
from ingest.events.survey_answers import record_button_answer, record_feedback, record_link_answer
from messenger.graph.own_metadata import read_message_id
from messenger.webhooks import events as meta
from messenger.webhooks.catalogue_row import Effect
from messenger.webhooks.classify import echo_row
from store.conversations.messages import ByEcho, confirm_by_echo, waiting_with_words
from store.conversations.thread_owners import owner_of_thread, set_owner


def apply_event(parsed: meta.Event, context: EventContext) -> None:
    """Apply an event to its thread, and keep what it shows of who controls the thread."""
    EFFECTS[context.catalogue_row.effect](parsed, context)
    if context.shows_owner:
        _learn_owner(context)


def _message(message: meta.InboundMessage, context: EventContext) -> None:
    if context.is_read_back and known_message_id(context, message.mid) is not None:
        _repetition(context)
    else:
        store_customer_message(CustomerMessage.of_message(message), context)


def _postback(postback: meta.Postback, context: EventContext) -> None:
    store_customer_message(CustomerMessage.of_postback(postback), context)


def _survey_button(message: meta.InboundMessage, context: EventContext) -> None:
    if known_message_id(context, message.mid) is not None:
        _repetition(context)
    else:
        record_button_answer(message, context)


def _repetition(context: EventContext) -> None:
    context.shows_owner = False
    append_customer_event(context)


def _echo(echo: meta.Echo, context: EventContext) -> None:
    """Confirm our message; an echo of none of ours is a message from outside, whatever app it names."""
    for message_id in _own_messages(echo, context):
        confirmed = confirm_by_echo(
            context.session,
            message_id,
            page_id=context.thread.page_id,
            customer_id=context.customer.id,
            mid=echo.mid,
            at=context.occurred_at,
        )
        if confirmed is not None:
            context.catalogue_row = echo_row(own=True)
            _append_confirmation(message_id, confirmed, context)
            return
    context.catalogue_row = echo_row(own=False)
    _insert_outside_message(echo, context)


def _own_messages(echo: meta.Echo, context: EventContext) -> Iterator[str]:
    """The ids of messages of ours that this may be an echo of; app, row, Page and person together prove it.

    Any app on the Page can send our metadata; which app it was is Meta's own statement, where Meta makes it.
    """
    if echo.app_id in (None, context.own_app_id) and (named := read_message_id(echo.metadata)) is not None:
        yield named
    if echo.mid is not None and (known := known_message_id(context, echo.mid)) is not None:
        yield known
    if echo.app_id == context.own_app_id and echo.metadata is None:
        yield from _waiting_with_text(echo.text or "", context)
    if context.is_read_back and echo.text:
        yield from _restored_with_text(echo.text, context)


def _waiting_with_text(text: str, context: EventContext) -> Iterator[str]:
    """The one message of ours that an echo without our metadata can be of.

    Our own app sent this text to this person, and one message with this text waits for Meta's answer, or has
    lost it. What our app sent and is none of ours, as by another program with its token, has another text, or
    comes while nothing waits.
    """
    for status in (MessageStatus.SENDING, MessageStatus.UNKNOWN):
        found = waiting_with_words(context.session, context.customer.id, text, status)
        if len(found) == 1 and (text or status is MessageStatus.SENDING):
            yield found[0]
            return


def _restored_with_text(text: str, context: EventContext) -> Iterator[str]:
    """The one message of ours that a restore made unknown and that Meta shows in the conversation.

    `activities.pages.gap_fill` hands over only what can be no other message of ours.
    """
    found = waiting_with_words(
        context.session, context.customer.id, text, MessageStatus.UNKNOWN, reason=RESTORED
    )
    if len(found) == 1:
        yield found[0]


def _append_confirmation(message_id: str, confirmed: ByEcho, context: EventContext) -> None:
    if confirmed.event is not None:
        context.writes.events.append(confirmed.event)
    if confirmed.former == MessageStatus.UNKNOWN:
        notify_workflow(context, message_id=message_id)
    if confirmed.former == MessageStatus.RESENT:
        append_customer_event(context, FactKind.MESSAGE_SENT_TWICE, message_id=message_id)


def _insert_outside_message(echo: meta.Echo, context: EventContext) -> None:
    listed = [attachment(each) for each in echo.attachments]
    add_files(context, context.id, echo.attachments, listed, from_customer=False)
    insert_message(
        context,
        direction="outbound",
        sender_kind="outside",
        text=echo.text,
        attachments=listed,
        reply_to_mid=echo.reply_to_mid,
        mid=echo.mid,
        app_id=echo.app_id,
        status=MessageStatus.SENT.value,
        sent_at=context.occurred_at,
    )
    named_program = kind_of(echo.app_id, context.own_app_id) is OwnerKind.ANOTHER_APP
    notify_workflow(context, message_id=context.id, by_program=named_program)


def _reaction(reaction: meta.Reaction, context: EventContext) -> None:
    change_message(
        context,
        reaction.mid,
        "reaction",
        by="customer",
        action=reaction.action or "react",
        reaction=reaction.reaction,
        emoji=reaction.emoji,
        at=context.occurred_at.isoformat(),
    )
    notify_workflow(context)


def _edit(edit: meta.Edit, context: EventContext) -> None:
    at = context.occurred_at.isoformat()
    change_message(context, edit.mid, "edit", text=edit.text, number=edit.num_edit, at=at)


def _deletion(deleted: meta.Deleted, context: EventContext) -> None:
    change_message(context, deleted.mid, "deletion", at=context.occurred_at.isoformat())


def _delivery(delivery: meta.Delivery, context: EventContext) -> None:
    until = _watermark(context, delivery.watermark_ms)
    if until is None or (context.thread.delivered_until and until <= context.thread.delivered_until):
        return
    context.thread.delivered_until = until
    append_customer_event(context, FactKind.MESSAGES_DELIVERED, until=until.isoformat())


def _read(read: meta.Read, context: EventContext) -> None:
    until = _watermark(context, read.watermark_ms)
    if until is None or (context.thread.read_until and until <= context.thread.read_until):
        return
    context.thread.read_until = until
    append_customer_event(context, FactKind.MESSAGES_READ, until=until.isoformat())


def _watermark(context: EventContext, watermark_ms: int | None) -> datetime | None:
    """A watermark in the future (docs/reference/bad-input.md, W49) must not mark what is not sent yet."""
    if watermark_ms is None:
        return None
    return min(clock.from_milliseconds(watermark_ms), context.received_at)


def _referral(event: meta.Referral, context: EventContext) -> None:
    context.thread.pending_referral = referral(event.data)
    append_customer_event(context, FactKind.CUSTOMER_REFERRAL, source=event.data.source, type=event.data.type)
    notify_workflow(context)


def _thread_control(control: meta.ThreadControl, context: EventContext) -> None:
    _control_request(control, context)
    if context.catalogue_row.opens_work and (unseen := last_message_on_standby(context)) is not None:
        notify_workflow(context, message_id=unseen)
    known = owner_of_thread(context.thread)
    learnt = known.handed_to(control.new_owner_app_id, context.own_app_id, context.occurred_at)
    set_owner(context.thread, learnt)


def _control_request(control: meta.ThreadControl, context: EventContext) -> None:
    context.shows_owner = False
    append_customer_event(
        context,
        previous_owner_app_id=control.previous_owner_app_id,
        new_owner_app_id=control.new_owner_app_id,
    )


def _note(_event: meta.Event, context: EventContext) -> None:
    """What it carries may be personal: it stays in the inbox."""
    append_customer_event(context)


EFFECTS: Mapping[Effect, Callable[[Any, EventContext], None]] = {
    Effect.MESSAGE: _message,
    Effect.POSTBACK: _postback,
    Effect.SURVEY_BUTTON: _survey_button,
    Effect.FEEDBACK: record_feedback,
    Effect.SURVEY_LINK: record_link_answer,
    Effect.FILES_REFUSED: tell_refused_files,
    Effect.ECHO: _echo,
    Effect.DELETION: _deletion,
    Effect.EDIT: _edit,
    Effect.REACTION: _reaction,
    Effect.DELIVERY: _delivery,
    Effect.READ: _read,
    Effect.REFERRAL: _referral,
    Effect.THREAD_CONTROL: _thread_control,
    Effect.CONTROL_REQUEST: _control_request,
    Effect.NOTE: _note,
}
"""Each takes what the events of its rows are parsed to."""

_DELIVERED_TO_OWNER = frozenset({Effect.MESSAGE, Effect.POSTBACK, Effect.SURVEY_BUTTON})


def _learn_owner(context: EventContext) -> None:
    """Outside standby the customer's messages come only to the app that controls the thread, or to all."""
    known, at = owner_of_thread(context.thread), context.occurred_at
    if context.is_standby:
        set_owner(context.thread, known.heard_on_standby(at))
    elif context.catalogue_row.effect in _DELIVERED_TO_OWNER:
        set_owner(context.thread, known.heard_as_ours(at))
