"""Messages on their way: in order, one at a time, and none of unknown outcome sent again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.conversations.changes import SendOutcome
from domain.conversations.conversation import apply_event
from domain.conversations.outbox import (
    ECHO_GRACE,
    UNKNOWN_LIMIT,
    Step,
    gate_opened,
    next_step,
    send_held_by_page,
    send_postponed,
    send_settled,
)
from domain.conversations.state import QueuedSend, ThreadEvent, ThreadEventKind, ThreadState
from domain.sending.decide_send import SenderKind
from domain.sending.delivery import MessageStatus

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def waiting(*ids: str) -> ThreadState:
    return ThreadState(outbox=tuple(QueuedSend(each, SenderKind.AGENT, "c1") for each in ids))


def settled(state: ThreadState, message_id: str, status: MessageStatus, at: datetime = NOW) -> ThreadState:
    return send_settled(state, SendOutcome(message_id, status), at, str).state


def unknown_at(state: ThreadState, *instants: datetime) -> ThreadState:
    for at in instants:
        state = settled(state, state.outbox[0].message_id, MessageStatus.UNKNOWN, at)
    return state


@pytest.mark.parametrize("status", [MessageStatus.SENT, MessageStatus.FAILED, MessageStatus.CANCELLED])
def test_what_has_an_outcome_makes_room_for_the_next(status: MessageStatus) -> None:
    state = settled(waiting("m1", "m2"), "m1", status)
    assert [send.message_id for send in state.outbox] == ["m2"]
    assert next_step(state, NOW) is Step.SEND


def test_what_was_not_sent_waits_at_the_head_and_what_follows_waits_with_it() -> None:
    state = send_postponed(waiting("m1", "m2"), "m1", NOW + SECOND)
    assert next_step(state, NOW) is None
    assert next_step(state, NOW + SECOND) is Step.SEND
    assert (state.outbox[0].message_id, state.outbox[0].tries) == ("m1", 1)


def test_an_unknown_outcome_waits_for_the_echo_and_is_then_looked_up_not_sent() -> None:
    state = unknown_at(waiting("m1", "m2"), NOW)
    assert next_step(state, NOW + ECHO_GRACE - SECOND) is None
    assert next_step(state, NOW + ECHO_GRACE) is Step.READ_BACK


def test_it_is_looked_up_again_until_its_minute_is_over_and_then_parked() -> None:
    state, at, looks = unknown_at(waiting("m1", "m2"), NOW), NOW, 0
    while state.outbox[0].message_id == "m1":
        not_before = state.outbox[0].not_before
        assert not_before is not None
        at = not_before
        assert next_step(state, at) is Step.READ_BACK
        change = send_settled(state, SendOutcome("m1", MessageStatus.UNKNOWN), at, str)
        state, looks = change.state, looks + 1
    assert at == NOW + UNKNOWN_LIMIT
    assert looks >= 2
    assert [fact.kind for fact in change.facts] == ["message.parked"]
    assert [(each.message_id, each.status) for each in change.statuses] == [("m1", MessageStatus.UNKNOWN)]
    assert next_step(state, at) is Step.SEND


def test_a_look_that_proves_that_nothing_was_sent_has_it_sent_again() -> None:
    state = send_postponed(unknown_at(waiting("m1"), NOW), "m1", NOW + SECOND)
    assert next_step(state, NOW + SECOND) is Step.SEND


def test_a_look_that_finds_it_held_by_its_page_has_it_sent_when_the_gate_opens() -> None:
    held = send_held_by_page(unknown_at(waiting("m1"), NOW), "m1", NOW + SECOND)
    assert next_step(held, NOW + SECOND) is None
    assert next_step(gate_opened(held), NOW + SECOND) is Step.SEND


def test_an_echo_settles_what_is_unknown_and_nothing_else() -> None:
    echo = ThreadEvent(1, ThreadEventKind.OWN_ECHO, NOW, message_id="m1")
    assert (
        apply_event(unknown_at(waiting("m1", "m2"), NOW), echo, NOW, str).state.outbox == waiting("m2").outbox
    )
    being_sent = waiting("m1", "m2")
    assert apply_event(being_sent, echo, NOW, str).state.outbox == being_sent.outbox


def test_an_outcome_of_what_is_settled_already_changes_nothing() -> None:
    state = replace(waiting("m2"), version=7)
    assert settled(state, "m1", MessageStatus.UNKNOWN) == state
    assert send_postponed(state, "m1", NOW) == state
