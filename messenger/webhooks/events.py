"""Typed events of the Messenger Platform, as `messenger.webhooks.parse_event` makes them.

Source: docs/reference/messenger-webhooks.md. Every field may be absent; times are milliseconds since 1970.
"""

from dataclasses import dataclass, field

from messenger.webhooks.attachments import Attachment


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
class LeadAnswer:
    """One question of a lead ad and its answer."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Referral(Event):
    """Somebody came back to an existing thread by a link or an ad, or went through a lead ad's questions."""

    data: ReferralData
    lead_answers: tuple[LeadAnswer, ...]


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
