"""From the raw copy that the inbox keeps to a typed event.

Every field may be absent; ids are text whatever Meta sent. Unknown fields are ignored and stay in the raw
copy. Source: docs/reference/messenger-webhooks.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
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
from messenger.webhooks.attachments import read_attachments
from messenger.webhooks.events import (
    Deleted,
    Delivery,
    Echo,
    Edit,
    Event,
    Feedback,
    FeedbackAnswer,
    HopContext,
    InboundMessage,
    LeadAnswer,
    Opaque,
    OptIn,
    PolicyEnforcement,
    Postback,
    Reaction,
    Read,
    Referral,
    ReferralData,
    ThreadControl,
)
from messenger.webhooks.webhook import EventKind

_Ids = tuple[str | None, str | None]


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
            LeadAnswer(text(each, "question") or "", text(each, "answer") or "") for each in answers
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
