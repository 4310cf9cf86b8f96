"""When an offer, a reservation, the time in a queue and capacity held by Wrap-up end, or a queue opens."""

from collections.abc import Iterator

from domain.conversations import queue_stays
from domain.conversations.changes import Draft
from domain.conversations.deadline_types import Act, Deadline, by_setting
from domain.conversations.lifecycle import ActorKind, Status, Trigger
from domain.conversations.state import Conversation, Stay, ThreadState
from domain.conversations.transitions import apply_transition, required
from domain.events.kinds import FactKind
from domain.routing.offers import AtEnd, Offer
from domain.routing.overflow import OverflowAction


def routing_deadlines(state: ThreadState, conversation: Conversation) -> Iterator[Deadline]:
    """The ends of an offer, of a reservation, of waiting in a queue, of the capacity that wrap-up holds.

    And the opening of its queue.
    """
    if conversation.offer is not None:
        offer = conversation.offer
        yield Deadline(offer.expires_at, f"offer/{offer.id}", _offer_ends(offer))
    stay = conversation.stay
    if conversation.status is Status.OPEN and stay is not None and not stay.is_over:
        if stay.reserved_until is not None:
            yield Deadline(stay.reserved_until, "reservation", _reservation_ends)
        if stay.opens_at is not None:
            yield Deadline(stay.opens_at, "queue_opens", _queue_opens)
        if stay.overflow_at is not None:
            yield Deadline(stay.overflow_at, f"overflow/{stay.record.number}", _overflow(stay))
    if conversation.status is Status.WRAP_UP:
        since = conversation.status_changed_at
        frees_at = state.settings.distribution.wrap_up.frees_at(since)
        if frees_at is not None and frees_at > since:
            at = by_setting(state, frees_at)
            yield Deadline(at, "wrap_up_capacity", _wrap_up_frees, once_for=since)


def _offer_ends(offer: Offer) -> Act:
    trigger = Trigger.AUTO_ASSIGN if offer.at_end is AtEnd.ASSIGN else Trigger.NOTIFICATION_TIMED_OUT

    def act(draft: Draft) -> None:
        conversation = draft.conversation
        if conversation is not None:
            row = required(conversation.status, trigger, conversation.phase)
            apply_transition(draft, conversation, row)

    return act


def _reservation_ends(draft: Draft) -> None:
    if draft.conversation is not None:
        queue_stays.end_reservation(draft, draft.conversation)


def _queue_opens(draft: Draft) -> None:
    if draft.conversation is not None:
        queue_stays.open_queue(draft, draft.conversation)


def _overflow(stay: Stay) -> Act:
    """It has waited for too long in its queue: it goes to another, or ends."""
    queue_id = stay.overflow_queue_id if stay.on_overflow is OverflowAction.TRANSFER else None

    def act(draft: Draft) -> None:
        conversation = draft.conversation
        if conversation is None:
            return
        draft.note(
            FactKind.CONVERSATION_OVERFLOWED,
            ActorKind.SYSTEM,
            conversation_id=conversation.id,
            data={
                "stay": stay.record.number,
                "queue_id": stay.record.queue_id,
                "condition": "while_queued",
                "to_queue_id": queue_id,
            },
        )
        trigger = Trigger.OVERFLOW if queue_id is None else Trigger.OVERFLOW_TO_QUEUE
        apply_transition(draft, conversation, required(conversation.status, trigger), queue_id=queue_id)

    return act


def _wrap_up_frees(draft: Draft) -> None:
    if draft.conversation is not None:
        draft.place(draft.conversation.id)
