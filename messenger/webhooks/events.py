"""Typed events of the Messenger Platform, parsed from the raw copies that the inbox keeps.

Source: docs/reference/messenger-webhooks.md. Every field may be absent; ids are text whatever Meta sent;
times are milliseconds since 1970. Unknown fields are ignored and stay in the raw copy.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from messenger.field_reader import (
    Fields,
    MalformedEvent,
    members,
    objects,
    required_text,
    storable,
    text,
    texts,
)
from messenger.json_parser import decode, identifier, integer, milliseconds
from messenger.webhooks.attachments import Attachment, read_attachments
from messenger.webhooks.webhook import EventKind

_Ids = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class Event:
    """What every event has: who sent it and to whom. For echoes the sender is the Page.

    left_out: names of fields that have another type than Meta documents, and were not read.
    """

    sender_id: str | None
    recipient_id: str | None
    left_out: tuple[str, ...] = field(default=(), kw_only=True)


@dataclass(frozen=True, slots=True)
class ReferralData:
    """How somebody came to the thread: an m.me link, an ad, a product page.

    source: "SHORTLINK" (m.me), "ADS", …; absent in Europe and Japan.
    """

    ref: str | None
    source: str | None
    type: str | None
    ad_id: str | None
    ad_title: str | None
    ad_post_id: str | None
    product_id: str | None
    referer_uri: str | None


@dataclass(frozen=True, slots=True)
class HopContext:
    """Who had the thread before: on the summary of a lead ad, the app that asked the questions."""

    app_id: str | None
    metadata: str | None


@dataclass(frozen=True, slots=True)
class InboundMessage(Event):
    """A customer's message. `quick_reply_payload` may be a phone number or an e-mail address."""

    mid: str | None
    text: str | None
    attachments: tuple[Attachment, ...]
    quick_reply_payload: str | None
    reply_to_mid: str | None
    is_self_reply: bool
    referral: ReferralData | None
    commands: tuple[str, ...]
    hop_context: HopContext | None


@dataclass(frozen=True, slots=True)
class Echo(Event):
    """A message from the Page. `app_id` tells which app sent it; absent or another than ours: not us."""

    mid: str | None
    text: str | None
    attachments: tuple[Attachment, ...]
    reply_to_mid: str | None
    is_self_reply: bool
    app_id: str | None
    metadata: str | None


@dataclass(frozen=True, slots=True)
class Postback(Event):
    """A tap on a button, a menu item or Get Started. Only the app that sent the button gets the payload."""

    mid: str | None
    title: str | None
    payload: str | None
    referral: ReferralData | None


@dataclass(frozen=True, slots=True)
class Reaction(Event):
    """A reaction set ("react") or taken back ("unreact") on message `mid`."""

    mid: str | None
    action: str | None
    reaction: str | None
    emoji: str | None


@dataclass(frozen=True, slots=True)
class Edit(Event):
    """A new text for message `mid`; `num_edit` counts the edits of that message from 1."""

    mid: str
    text: str | None
    num_edit: int | None


@dataclass(frozen=True, slots=True)
class Deleted(Event):
    """Message `mid` was taken back."""

    mid: str


@dataclass(frozen=True, slots=True)
class Delivery(Event):
    """Everything sent up to the watermark was delivered. Legacy deliveries may have mids alone."""

    watermark_ms: int | None
    mids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Read(Event):
    """Everything sent up to the watermark was read."""

    watermark_ms: int


@dataclass(frozen=True, slots=True)
class Answer:
    """One question of a lead ad and its answer."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Referral(Event):
    """Somebody came back to an existing thread by a link or an ad, or went through a lead ad's questions."""

    data: ReferralData
    lead_answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class OptIn(Event):
    """Consent by a plugin (`ref`, `user_ref`) or to marketing messages (`type` "notification_messages").

    `status` "STOP NOTIFICATIONS" takes the consent to marketing messages back.
    """

    type: str | None
    ref: str | None
    user_ref: str | None
    payload: str | None
    title: str | None
    status: str | None


@dataclass(frozen=True, slots=True)
class FeedbackAnswer:
    """One answer to Meta's feedback template. `score` is Meta's text: csat 1-5, nps 0-10, ces 1-7."""

    question_id: str
    type: str | None
    score: str | None
    comment: str | None


@dataclass(frozen=True, slots=True)
class Feedback(Event):
    """The answers to Meta's customer feedback template."""

    answers: tuple[FeedbackAnswer, ...]


@dataclass(frozen=True, slots=True)
class ThreadControl(Event):
    """The thread got a new owner ("pass", "take") or somebody asks for it ("request").

    Without a previous owner it was idle. Of a request, `new_owner_app_id` is who asks.
    """

    action: str
    previous_owner_app_id: str | None
    new_owner_app_id: str | None
    metadata: str | None


@dataclass(frozen=True, slots=True)
class PolicyEnforcement(Event):
    """Meta warns or blocks the Page, or lifts a block: `action` "warning", "block", "unblock"."""

    action: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Opaque(Event):
    """An event of a kind that is only kept: nothing in it is read."""


def parse(kind: EventKind, raw: bytes) -> Event:
    """The typed event of one raw copy. Raises MalformedEvent only.

    Texts are storable: NUL and lone surrogates are replaced by U+FFFD.
    """
    read = _READERS.get(kind)
    if read is None:
        return Opaque(None, None)
    try:
        decoded = storable(decode(raw))
    except (ValueError, RecursionError) as error:
        raise MalformedEvent("not JSON that can be read") from error
    if not isinstance(decoded, dict):
        raise MalformedEvent("not an object")
    fields = Fields(decoded)
    sender, recipient = _party(fields, "sender"), _party(fields, "recipient")
    event = read((sender, recipient), fields)
    return replace(event, left_out=tuple(fields.left_out)) if fields.left_out else event


def _party(event: Fields, name: str) -> str | None:
    """The id of a party. An event whose party cannot be read is malformed: it would be of nobody known."""
    party = event.get(name)
    if party is not None and not isinstance(party, dict):
        raise MalformedEvent(f"{name}: not an object")
    return None if party is None else identifier(party.get("id"))


def _message(ids: _Ids, event: Fields) -> InboundMessage:
    message, hop = _object(event, "message"), _hop_context(event)
    reply_to = members(message, "reply_to")
    return InboundMessage(
        *ids,
        mid=text(message, "mid") or None,
        text=text(message, "text"),
        attachments=read_attachments(message),
        quick_reply_payload=text(members(message, "quick_reply"), "payload"),
        reply_to_mid=text(reply_to, "mid") or None,
        is_self_reply=reply_to.get("is_self_reply") is True,
        referral=_referral_data(message),
        commands=tuple(name for each in objects(message, "commands") if (name := text(each, "name"))),
        hop_context=HopContext(identifier(hop.get("app_id")), text(hop, "metadata")) if hop else None,
    )


def _hop_context(event: Fields) -> Fields:
    """Meta documents an object; lists of hops are seen too, the newest first."""
    if isinstance(event.get("hop_context"), list) and (hops := objects(event, "hop_context")):
        return hops[0]
    return members(event, "hop_context")


def _echo(ids: _Ids, event: Fields) -> Echo:
    message = _object(event, "message")
    reply_to = members(message, "reply_to")
    return Echo(
        *ids,
        mid=text(message, "mid") or None,
        text=text(message, "text"),
        attachments=read_attachments(message),
        reply_to_mid=text(reply_to, "mid") or None,
        is_self_reply=reply_to.get("is_self_reply") is True,
        app_id=identifier(message.get("app_id")),
        metadata=text(message, "metadata"),
    )


def _deleted(ids: _Ids, event: Fields) -> Deleted:
    return Deleted(*ids, mid=required_text(_object(event, "message"), "mid"))


def _edit(ids: _Ids, event: Fields) -> Edit:
    edit = _object(event, "message_edit")
    return Edit(
        *ids, mid=required_text(edit, "mid"), text=text(edit, "text"), num_edit=integer(edit.get("num_edit"))
    )


def _postback(ids: _Ids, event: Fields) -> Postback:
    postback = _object(event, "postback")
    return Postback(
        *ids,
        mid=text(postback, "mid") or None,
        title=text(postback, "title"),
        payload=text(postback, "payload"),
        referral=_referral_data(postback),
    )


def _reaction(ids: _Ids, event: Fields) -> Reaction:
    reaction = _object(event, "reaction")
    return Reaction(
        *ids,
        mid=text(reaction, "mid") or None,
        action=text(reaction, "action"),
        reaction=text(reaction, "reaction"),
        emoji=text(reaction, "emoji"),
    )


def _delivery(ids: _Ids, event: Fields) -> Delivery:
    delivery = _object(event, "delivery")
    watermark_ms, mids = milliseconds(delivery.get("watermark")), texts(delivery, "mids")
    if watermark_ms is None and not mids:
        raise MalformedEvent("delivery: neither watermark nor mids")
    return Delivery(*ids, watermark_ms=watermark_ms, mids=mids)


def _read(ids: _Ids, event: Fields) -> Read:
    watermark_ms = milliseconds(_object(event, "read").get("watermark"))
    if watermark_ms is None:
        raise MalformedEvent("read: no watermark")
    return Read(*ids, watermark_ms=watermark_ms)


def _referral(ids: _Ids, event: Fields) -> Referral:
    data = _referral_data(event)
    if data is None:
        raise MalformedEvent("referral: missing")
    answers = objects(members(event, "lead"), "data")
    return Referral(
        *ids,
        data=data,
        lead_answers=tuple(
            Answer(text(each, "question") or "", text(each, "answer") or "") for each in answers
        ),
    )


def _referral_data(fields: Fields) -> ReferralData | None:
    referral = members(fields, "referral")
    if not referral:
        return None
    ad, product = members(referral, "ads_context_data"), members(referral, "product")
    return ReferralData(
        ref=text(referral, "ref"),
        source=text(referral, "source"),
        type=text(referral, "type"),
        ad_id=identifier(referral.get("ad_id")),
        ad_title=text(ad, "ad_title"),
        ad_post_id=text(ad, "post_id"),
        product_id=identifier(product.get("id")) or identifier(ad.get("product_id")),
        referer_uri=text(referral, "referer_uri"),
    )


def _optin(ids: _Ids, event: Fields) -> OptIn:
    optin = _object(event, "optin")
    return OptIn(
        *ids,
        type=text(optin, "type"),
        ref=text(optin, "ref"),
        user_ref=text(optin, "user_ref"),
        payload=text(optin, "payload"),
        title=text(optin, "title"),
        status=text(optin, "notification_messages_status"),
    )


def _feedback(ids: _Ids, event: Fields) -> Feedback:
    screens = objects(_object(event, "messaging_feedback"), "feedback_screens")
    questions = [
        (question_id, asked.inner("question", question))
        for screen in screens
        for asked in [members(screen, "questions")]
        for question_id, question in asked.items()
    ]
    return Feedback(
        *ids,
        answers=tuple(
            FeedbackAnswer(
                question_id=question_id,
                type=text(question, "type"),
                score=text(question, "payload"),
                comment=text(members(question, "follow_up"), "payload"),
            )
            for question_id, question in questions
        ),
    )


def _thread_control(action: str, ids: _Ids, event: Fields) -> ThreadControl:
    control = _object(event, f"{action}_thread_control")
    owner = control.get("requested_owner_app_id" if action == "request" else "new_owner_app_id")
    return ThreadControl(
        *ids,
        action=action,
        previous_owner_app_id=identifier(control.get("previous_owner_app_id")),
        new_owner_app_id=identifier(owner),
        metadata=text(control, "metadata"),
    )


def _policy_enforcement(ids: _Ids, event: Fields) -> PolicyEnforcement:
    policy = _object(event, "policy_enforcement")
    return PolicyEnforcement(*ids, action=required_text(policy, "action"), reason=text(policy, "reason"))


def _object(event: Fields, name: str) -> Fields:
    value = members(event, name)
    if not value:
        raise MalformedEvent(f"{name}: missing")
    return value


_READERS: Mapping[EventKind, Callable[[_Ids, Fields], Event]] = {
    EventKind.MESSAGE: _message,
    EventKind.ECHO: _echo,
    EventKind.MESSAGE_DELETED: _deleted,
    EventKind.MESSAGE_EDIT: _edit,
    EventKind.POSTBACK: _postback,
    EventKind.REACTION: _reaction,
    EventKind.DELIVERY: _delivery,
    EventKind.READ: _read,
    EventKind.REFERRAL: _referral,
    EventKind.OPTIN: _optin,
    EventKind.PASS_THREAD_CONTROL: partial(_thread_control, "pass"),
    EventKind.TAKE_THREAD_CONTROL: partial(_thread_control, "take"),
    EventKind.REQUEST_THREAD_CONTROL: partial(_thread_control, "request"),
    EventKind.POLICY_ENFORCEMENT: _policy_enforcement,
    EventKind.MESSAGING_FEEDBACK: _feedback,
}
"""Kinds that are not here are Opaque."""
