"""What the API shows of messages, windows, customers and events. No secret has a field here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel

from api.http.instants import Facts
from api.schemas.enumerations import (
    AllowedBy,
    EventKind,
    MessageDirection,
    MessageKind,
    MessageSender,
)
from api.schemas.message_inputs import quick_reply_views, template_view
from api.schemas.message_parts import AttachmentView, EditView, ReactionView, ReferralView
from domain.conversations.lifecycle import ActorKind
from domain.sending.delivery import MessageStatus
from domain.sending.thread_owner import OwnerKind, ThreadOwner
from domain.sending.window import OpeningKind, Stage, Window
from store.conversations.messages import displayed_status
from store.conversations.projection import window_of_thread
from store.conversations.thread_owners import owner_of_thread
from store.customers.customers import CustomerRecord
from store.tables import Customer, Event, Message, Thread


class WindowView(BaseModel):
    """What may be sent now, and the instants at which that changes."""

    stage: Stage
    opened_by: OpeningKind | None
    opened_at: datetime | None
    standard_until: datetime | None
    human_agent_until: datetime | None

    @classmethod
    def of(cls, window: Window, now: datetime) -> Self:
        """The window as it is at `now`."""
        return cls(
            stage=window.stage_at(now),
            opened_by=window.opened_by,
            opened_at=window.opened_at,
            standard_until=window.standard_until,
            human_agent_until=window.human_agent_until,
        )


class ThreadOwnerView(BaseModel):
    """Which app controls the thread. `known_at`: the last sign of it; what is known lapses after 24 hours."""

    kind: OwnerKind
    app_id: str | None
    known_at: datetime | None

    @classmethod
    def of(cls, thread: Thread, now: datetime) -> Self:
        """The owner as known at `now`."""
        return cls.of_known(owner_of_thread(thread).as_of(now))

    @classmethod
    def of_known(cls, owner: ThreadOwner) -> Self:
        """The owner as it is known."""
        return cls(kind=owner.kind, app_id=owner.app_id, known_at=owner.known_at)


class CustomerBrief(BaseModel):
    """A customer as a conversation names them."""

    id: str
    psid: str
    name: str | None


class MessageView(BaseModel):
    """A message in either direction. `allowed_by` names the rule of the window that allowed a send.

    `client_key`: the `Idempotency-Key` with which its agent sent it. `reply_to` is the id of the message it
    answers to, null where that is not known here; `resends` that of the one that it says again. `template`
    and `quick_replies` are in Meta's form; the signed payloads of a survey's buttons are left out.
    """

    id: str
    conversation_id: str | None
    session_id: str | None
    direction: MessageDirection
    sender_kind: MessageSender
    agent_id: str | None
    kind: MessageKind
    text: str | None
    attachments: list[AttachmentView]
    template: dict[str, Any] | None
    quick_replies: list[dict[str, Any]]
    quick_reply_payload: str | None
    reply_to: str | None
    reply_to_mid: str | None
    referral: ReferralView | None
    reactions: list[ReactionView]
    edits: list[EditView]
    deleted_at: datetime | None
    app_id: str | None
    standby: bool
    status: MessageStatus | None
    reason: str | None
    reason_detail: str | None
    resends: str | None
    allowed_by: AllowedBy | None
    mid: str | None
    client_key: str | None
    attempt: int
    occurred_at: datetime
    received_at: datetime | None
    sent_at: datetime | None

    @classmethod
    def of(cls, message: Message, thread: Thread | None, replied: Mapping[str, str]) -> Self:
        """The message with the thread's receipts applied to its status.

        `replied`: ids of messages by Meta's id, for `reply_to`.
        """
        shown = message.model_dump()
        shown["status"] = displayed_status(message, thread)
        shown["reply_to"] = replied.get(message.reply_to_mid or "")
        shown["template"] = template_view(message.content)
        shown["reactions"] = [one for one in message.reactions if one.get("action") != "unreact"]
        shown["quick_replies"] = quick_reply_views(message.content)
        return cls.model_validate(shown)


class EventView(BaseModel):
    """Something that happened. `data` depends on `kind`; it carries ids and facts, never words."""

    id: int
    at: datetime
    kind: EventKind
    page_id: str | None
    customer_id: str | None
    conversation_id: str | None
    message_id: str | None
    actor_kind: ActorKind
    actor_id: str | None
    data: Facts

    @classmethod
    def of(cls, event: Event) -> Self:
        """The event as it was recorded."""
        return cls.model_validate(event, from_attributes=True)


class CustomerListView(BaseModel):
    """A person on a page. What Meta tells of them is as of `profile_asked_at`, and often nothing.

    `profile_error` says why it told nothing. The picture's address expires. `timezone` is hours from UTC.
    """

    id: str
    page_id: str
    psid: str
    name: str | None
    first_name: str | None
    last_name: str | None
    picture_url: str | None
    locale: str | None
    timezone: str | None
    profile_asked_at: datetime | None
    profile_error: str | None
    erasure_id: str | None
    created_at: datetime

    @classmethod
    def of(cls, customer: Customer) -> Self:
        """The customer as lists show them."""
        return cls.model_validate(customer.model_dump())


class CustomerView(CustomerListView):
    """One customer, with what may be sent to them now."""

    window: WindowView
    thread_owner: ThreadOwnerView
    live_conversation_id: str | None

    @classmethod
    def of_record(cls, record: CustomerRecord, now: datetime) -> Self:
        """The customer, with what may be sent to them at `now`."""
        return cls.model_validate(
            {
                **record.customer.model_dump(),
                "window": WindowView.of(window_of_thread(record.thread), now),
                "thread_owner": ThreadOwnerView.of(record.thread, now),
                "live_conversation_id": record.live_conversation_id,
            }
        )
