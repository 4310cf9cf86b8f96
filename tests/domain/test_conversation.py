"""A conversation's rules: what messages, commands and deadlines change, and what they must not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.changes import Change, Refusal
from domain.conversation import apply_event, decide, lives, send_postponed, send_settled
from domain.deadlines import expire, next_deadline
from domain.lifecycle import IDLE_LIMIT, TRANSITIONS, WRAP_UP_LIMIT, ActorKind, Status, Trigger
from domain.sending import SenderKind
from domain.settings import LiveSettings
from domain.state import Command, QueuedSend, ThreadEvent, ThreadEventKind, ThreadState
from domain.window import OpeningKind, opening

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TAGGED = LiveSettings(human_agent_tag=True)


@pytest.fixture
def new_id() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"id{next(numbers)}"


def message(seq: int, at: datetime = NOW, kind: ThreadEventKind = ThreadEventKind.MESSAGE) -> ThreadEvent:
    opened = opening(OpeningKind.MESSAGE, occurred_at=at, received_at=at)
    return ThreadEvent(seq, kind, at, opened, f"m{seq}")


def opened(new_id: Callable[[], str], at: datetime = NOW) -> ThreadState:
    return apply_event(ThreadState(), message(1, at), at, new_id).state


def command(state: ThreadState, action: str, agent: str = "mia", **more: Any) -> Command:
    conversation_id = state.conversation.id if state.conversation else "gone"
    return replace(Command(action, f"{action}-{agent}", conversation_id, agent), **more)


def after(state: ThreadState, *actions: str, now: datetime = NOW, **more: Any) -> ThreadState:
    numbers = count(1)
    for action in actions:
        outcome = decide(state, command(state, action, **more), now, lambda: f"session{next(numbers)}")
        assert isinstance(outcome, Change), outcome
        state = outcome.state
    return state


def test_the_first_message_opens_a_conversation_and_queues_one_greeting(new_id: Callable[[], str]) -> None:
    change = apply_event(ThreadState(), message(1), NOW, new_id)

    assert change.state.conversation is not None
    assert change.state.conversation.status is Status.OPEN
    assert [fact.kind for fact in change.facts] == ["conversation.opened", "message.received"]
    assert change.attached == ((change.state.conversation.id, "m1"),)
    assert change.state.outbox == change.created_sends
    assert [(send.sender_kind, send.trigger) for send in change.created_sends] == [
        (SenderKind.AUTOMATIC, "greeting")
    ]


def test_later_messages_join_the_conversation_without_another_greeting(new_id: Callable[[], str]) -> None:
    state = opened(new_id)
    change = apply_event(state, message(2, NOW + timedelta(minutes=1)), NOW + timedelta(minutes=1), new_id)

    assert change.state.conversation is not None
    assert state.conversation is not None
    assert change.state.conversation.id == state.conversation.id
    assert change.created_sends == ()


def test_an_event_seen_before_changes_nothing(new_id: Callable[[], str]) -> None:
    state = opened(new_id)
    assert apply_event(state, message(1), NOW, new_id) == Change(state)


@pytest.mark.parametrize(
    "kind",
    [ThreadEventKind.STANDBY_MESSAGE, ThreadEventKind.OUTSIDE_MESSAGE, ThreadEventKind.WINDOW_OPENING],
)
def test_what_is_not_for_us_opens_the_window_but_no_work(
    kind: ThreadEventKind, new_id: Callable[[], str]
) -> None:
    change = apply_event(ThreadState(), message(1, kind=kind), NOW, new_id)
    assert change.state.conversation is None
    assert change.facts == ()
    assert change.state.window.standard_until == NOW + timedelta(hours=24)


def test_of_two_picks_the_second_is_told_who_was_faster(new_id: Callable[[], str]) -> None:
    state = after(opened(new_id), "pick")
    outcome = decide(state, command(state, "pick", "tom"), NOW, new_id)
    assert isinstance(outcome, Refusal)
    assert outcome.code == "already_picked"


def test_who_picks_what_they_have_already_is_not_told_that_another_was_faster(
    new_id: Callable[[], str],
) -> None:
    state = after(opened(new_id), "pick")
    again = decide(state, command(state, "pick", command_id="another-click"), NOW, new_id)
    assert isinstance(again, Change)
    assert again.state.conversation == state.conversation
    assert again.facts == ()


def test_the_same_command_again_changes_nothing(new_id: Callable[[], str]) -> None:
    state = opened(new_id)
    pick = command(state, "pick")
    first = decide(state, pick, NOW, new_id)
    assert isinstance(first, Change)
    assert decide(first.state, pick, NOW, new_id) == Change(first.state)


def test_a_command_for_another_conversation_is_refused_as_closed(new_id: Callable[[], str]) -> None:
    state = opened(new_id)
    outcome = decide(state, command(state, "pick", conversation_id="former"), NOW, new_id)
    assert isinstance(outcome, Refusal)
    assert outcome.code == "conversation_closed"


def test_the_human_agent_tag_is_read_when_a_session_starts(new_id: Callable[[], str]) -> None:
    state = after(opened(new_id), "pick")
    late = NOW + timedelta(hours=25)
    switched_on_meanwhile = command(state, "reply", message_id="r1", settings=TAGGED)
    refused = decide(state, switched_on_meanwhile, late, new_id)
    assert isinstance(refused, Refusal)
    assert refused.code == "human_agent_tag_off"
    assert refused.window == state.window

    reopened = after(after(state, "close_session", now=late), "reopen", now=late, settings=TAGGED)
    allowed = decide(reopened, command(reopened, "reply", message_id="r1"), late, new_id)
    assert isinstance(allowed, Change)
    assert allowed.state.outbox[-1].tag_on


def test_only_the_agent_who_has_the_conversation_may_answer(new_id: Callable[[], str]) -> None:
    state = after(opened(new_id), "pick")
    outcome = decide(state, command(state, "reply", "tom", message_id="r1"), NOW, new_id)
    assert isinstance(outcome, Refusal)
    assert outcome.code == "not_your_conversation"


def test_an_illegal_command_is_refused_with_what_would_be_legal(new_id: Callable[[], str]) -> None:
    state = opened(new_id)
    outcome = decide(state, command(state, "complete"), NOW, new_id)
    assert isinstance(outcome, Refusal)
    assert (outcome.code, outcome.legal) == ("not_legal_now", ("pick",))


def test_a_message_in_wrap_up_completes_it_and_opens_another(new_id: Callable[[], str]) -> None:
    state = after(opened(new_id), "pick", "end")
    change = apply_event(state, message(2), NOW, new_id)
    assert state.conversation is not None
    assert change.state.conversation is not None
    assert [one.id for one in change.settled] == [state.conversation.id]
    assert change.settled[0].status is Status.CLOSED
    assert change.state.conversation.id != state.conversation.id
    assert change.attached == ((change.state.conversation.id, "m2"),)


def test_a_message_in_waiting_opens_the_same_conversation_again(new_id: Callable[[], str]) -> None:
    state = after(opened(new_id), "pick", "close_session")
    change = apply_event(state, message(2), NOW, new_id)
    assert state.conversation is not None
    assert change.state.conversation is not None
    assert change.state.conversation.id == state.conversation.id
    assert change.state.conversation.status is Status.OPEN
    assert change.state.conversation.agent_id is None


@pytest.mark.parametrize(
    ("actions", "limit"),
    [
        ((), IDLE_LIMIT),
        (("pick",), IDLE_LIMIT),
        (("pick", "end"), WRAP_UP_LIMIT),
        (("pick", "close_session"), timedelta(seconds=LiveSettings().auto_close_waiting_after)),
    ],
)
def test_each_status_ends_by_itself_exactly_at_its_limit(
    actions: tuple[str, ...], limit: timedelta, new_id: Callable[[], str]
) -> None:
    state = after(opened(new_id), *actions)
    due = NOW + limit
    assert next_deadline(state, NOW) == due
    assert expire(state, due - timedelta(milliseconds=1)) == Change(state)
    fired_late = expire(state, due + timedelta(minutes=3))
    assert fired_late.state.conversation is None
    assert fired_late.settled[0].closed_at == due
    assert not lives(send_settled(fired_late.state, state.outbox[0].message_id))


def test_activity_restarts_the_idle_clock_but_not_that_of_wrap_up(new_id: Callable[[], str]) -> None:
    later = NOW + timedelta(days=3)
    open_state = apply_event(opened(new_id), message(2, later), later, new_id).state
    assert next_deadline(open_state, later) == later + IDLE_LIMIT

    wrap_up = after(opened(new_id), "pick", "end")
    standby = message(2, NOW + timedelta(hours=1), ThreadEventKind.STANDBY_MESSAGE)
    assert next_deadline(apply_event(wrap_up, standby, NOW, new_id).state, NOW) == NOW + WRAP_UP_LIMIT


def test_a_postponed_send_stays_at_the_head_until_its_instant(new_id: Callable[[], str]) -> None:
    state = opened(new_id)
    greeting = state.outbox[0]
    until = NOW + timedelta(seconds=2)
    state = send_postponed(state, greeting.message_id, until)
    assert state.outbox == (replace(greeting, tries=1, not_before=until),)
    assert next_deadline(state, NOW) == until
    assert next_deadline(state, until) == NOW + IDLE_LIMIT
    assert send_settled(state, greeting.message_id).outbox == ()


def test_a_thread_lives_while_something_is_to_be_sent() -> None:
    send = QueuedSend("m", SenderKind.AGENT, "c")
    assert lives(ThreadState(outbox=(send,)))
    assert not lives(ThreadState())


def test_every_trigger_of_the_table_has_one_row_per_source() -> None:
    keys = [(row.source, row.trigger) for row in TRANSITIONS]
    assert len(keys) == len(set(keys))
    assert {row.trigger for row in TRANSITIONS} == set(Trigger)


agents = st.sampled_from(["mia", "tom"])
actions = st.sampled_from(
    [row.trigger.value for row in TRANSITIONS if row.actor is ActorKind.AGENT] + ["reply"]
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("message"), st.timedeltas(timedelta(0), timedelta(days=8))),
        st.tuples(st.just("wait"), st.timedeltas(timedelta(0), timedelta(days=40))),
        st.tuples(actions, agents),
    ),
    max_size=40,
)


@given(steps)
def test_whatever_happens_the_invariants_hold(history: list[tuple[str, object]]) -> None:
    """One live conversation at most; sessions only in Active and Wrap-up; settled once; deadlines ahead."""
    numbers = count(1)
    fresh: Callable[[], str] = lambda: f"id{next(numbers)}"  # noqa: E731 - a name for the counter
    state, now, seq, settled = ThreadState(), NOW, 0, set[str]()
    for what, detail in history:
        if isinstance(detail, timedelta):
            now += detail
            change = expire(state, now)
            if what == "message":
                seq += 1
                changes = [change, apply_event(change.state, message(seq, now), now, fresh)]
            else:
                changes = [change]
        else:
            asked = command(state, what, str(detail), command_id=fresh(), message_id=fresh())
            outcome = decide(state, asked, now, fresh)
            changes = [] if isinstance(outcome, Refusal) else [outcome]
        for change in changes:
            for conversation in change.settled:
                assert conversation.id not in settled
                settled.add(conversation.id)
            state = change.state
        live = state.conversation
        if live is not None:
            assert live.id not in settled
            assert live.expires_at is not None
            assert (live.session is not None) == (live.status in (Status.ACTIVE, Status.WRAP_UP))
            assert (live.agent_id is None) == (live.status is Status.OPEN)
        deadline = next_deadline(state, now)
        assert deadline is None or deadline > now
