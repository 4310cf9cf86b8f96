"""The table of states: complete, with all of docs/reference/service-behaviour.md, and obeyed to the row."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.conversations.deadlines import IDLE_LIMIT, WRAP_UP_LIMIT
from domain.conversations.lifecycle import (
    TRANSITIONS,
    WITHOUT_CAUSE,
    ActorKind,
    Phase,
    Status,
    Transition,
    Trigger,
    allowed_commands,
    transition,
)
from domain.conversations.state import ThreadEventKind
from domain.routing.offers import NotificationSettings
from domain.routing.overflow import OverflowAction
from domain.routing.route_to_queue import WhenEmpty
from domain.routing.work_distribution import PICK_FROM_THE_DEFAULT_QUEUE
from domain.workstreams.conversation_settings import ConversationSettings, RuleAction, Silent, TimeOutRule
from support.story import Story

HOUR = 3600
REOPENABLE = 7 * 24 * HOUR
RULES = {
    Trigger.RULE_CLOSES: TimeOutRule("closes", Silent.CUSTOMER, HOUR, RuleAction.CLOSE),
    Trigger.RULE_MOVES_TO_WAITING: TimeOutRule("parks", Silent.CUSTOMER, HOUR, RuleAction.MOVE_TO_WAITING),
    Trigger.RULE_RETURNS_TO_QUEUE: TimeOutRule("returns", Silent.CUSTOMER, HOUR, RuleAction.RETURN_TO_QUEUE),
}
SUPERVISORS = {"supervises": True}

# What brings a new thread into each state; in all but Open an agent has spoken last.
REACH: dict[Status, tuple[str, ...]] = {
    Status.OPEN: ("pick", "reply", "release"),
    Status.ACTIVE: ("pick", "reply"),
    Status.WAITING: ("pick", "reply", "close_session"),
    Status.WRAP_UP: ("pick", "reply", "end"),
    Status.CLOSED: ("pick", "reply", "end", "complete"),
}
CAUSED = [row for row in TRANSITIONS if row.trigger not in WITHOUT_CAUSE and row.source is not None]
PEOPLE = (ActorKind.AGENT, ActorKind.SUPERVISOR)
COMMANDS = sorted({row.trigger for row in TRANSITIONS if row.actor in PEOPLE})
ANSWERS = (Trigger.ACCEPT, Trigger.DECLINE)


def story_in(status: Status, settings: ConversationSettings) -> Story:
    story = Story(settings)
    story.writes()
    for action in REACH[status]:
        more = {"message_id": "r1"} if action == "reply" else {}
        story.asks(action, **more)
    story.sends_all()
    return story


def story_before(row: Transition) -> Story:
    """A conversation in which the row's trigger can be pulled."""
    assert row.source is not None
    if row.while_in is not Phase.AWAITING_ACCEPTANCE:
        story = story_in(row.source, settings_for(row))
        if row.trigger is Trigger.AGENT_DISCONNECTED:
            story.writes()  # whose answer is owed
        return story
    story = Story(settings_for(row))
    story.writes()
    story.is_routed()
    story.is_offered("tom" if row.trigger is Trigger.PICK else "mia")
    return story


def legal(status: Status, *, supervises: bool) -> list[str]:
    """What may be asked for by who has the conversation, in which nobody else takes part."""
    consults = ["consult"] if status is Status.ACTIVE else []
    return [*allowed_commands(status, supervises=supervises), *consults]


def settings_for(row: Transition) -> ConversationSettings:
    auto = row.trigger is Trigger.AUTO_ASSIGN
    notification = NotificationSettings(reject_button=not auto, auto_assign=auto)
    return ConversationSettings(
        distribution=replace(PICK_FROM_THE_DEFAULT_QUEUE, notification=notification),
        automated_messages=(),
        auto_close_waiting_after_seconds=2 * HOUR,
        reopen_closed_within_seconds=REOPENABLE if row.source is Status.CLOSED or _returns(row) else 0,
        time_out_rules=(RULES[row.trigger],) if row.trigger in RULES else (),
    )


def _returns(row: Transition) -> bool:
    return row.trigger is Trigger.CUSTOMER_RETURNED


def pull(story: Story, row: Transition) -> None:
    """Make happen what the row's trigger stands for."""
    waits = {
        Trigger.IDLE_TOO_LONG: IDLE_LIMIT,
        Trigger.WRAP_UP_TOO_LONG: WRAP_UP_LIMIT,
        Trigger.WAITING_TOO_LONG: timedelta(hours=2),
        Trigger.RULE_CLOSES: timedelta(hours=1),
        Trigger.RULE_MOVES_TO_WAITING: timedelta(hours=1),
        Trigger.RULE_RETURNS_TO_QUEUE: timedelta(hours=1),
        Trigger.NOTIFICATION_TIMED_OUT: timedelta(seconds=120),
        Trigger.AUTO_ASSIGN: timedelta(seconds=120),
    }
    if row.trigger in (Trigger.OVERFLOW, Trigger.OVERFLOW_TO_QUEUE):
        _overflow(story, row)
    elif row.trigger is Trigger.QUEUE_WITHOUT_AGENTS:
        story.is_routed(when_empty=WhenEmpty.CLOSE)
    elif row.trigger is Trigger.PUSH:
        story.is_routed()
        story.is_offered()
    elif row.trigger in (Trigger.AGENT_DISCONNECTED, Trigger.AGENT_DISCONNECTED_IDLE):
        story.agent_goes()
    elif row.trigger in waits:
        story.passes(waits[row.trigger])
    elif row.trigger in (Trigger.CUSTOMER_MESSAGE, Trigger.CUSTOMER_RETURNED):
        story.writes()
    elif row.trigger is Trigger.HANDED_OVER:
        story.writes(ThreadEventKind.HANDED_OVER)
    else:
        story.asks(row.trigger, supervises=row.actor is ActorKind.SUPERVISOR)


def _overflow(story: Story, row: Transition) -> None:
    ends = row.trigger is Trigger.OVERFLOW
    story.is_routed(
        overflow_at=story.now + timedelta(days=2),
        on_overflow=OverflowAction.END if ends else OverflowAction.TRANSFER,
        overflow_queue_id=None if ends else "night",
    )
    story.passes(timedelta(days=2))


@pytest.mark.parametrize("row", CAUSED, ids=lambda row: f"{row.source} {row.trigger}")
def test_every_row_of_the_table_is_taken_as_it_stands(row: Transition) -> None:
    story = story_before(row)
    former = story.conversation
    assert former.status is row.source

    pull(story, row)

    moved = next(fact for fact in story.facts[::-1] if (fact.data or {}).get("from") == row.source)
    assert moved.kind == f"conversation.{row.target}"
    assert moved.conversation_id == former.id
    assert moved.actor_kind is row.actor
    assert (moved.data or {})["reason"] == row.reason
    assert moved.actor_id == ("mia" if row.actor in PEOPLE else None)
    if row.target is not Status.CLOSED:
        assert story.conversation.id == former.id
        assert story.conversation.status is row.target
        assert story.conversation.status_reason == row.reason
        assert story.conversation.phase is row.phase


def test_the_first_message_opens_and_an_agent_starts() -> None:
    story = Story()
    story.writes()
    assert story.conversation.status_reason == "customer_wrote"
    for action in ("pick", "end", "complete"):
        story.asks(action)
    story.asks("start", conversation_id="new")
    assert (story.conversation.id, story.status) == ("new", Status.ACTIVE)
    assert story.conversation.status_reason == "started_by_agent"
    assert [fact.data for fact in story.told("conversation.opened")] == [
        {"reason": "customer_wrote"},
        {"reason": "started_by_agent"},
    ]


ILLEGAL = [
    (status, command)
    for status in Status
    for command in [*COMMANDS, "reply"]
    if command not in (*allowed_commands(status, supervises=True), *ANSWERS, Trigger.START)
    and not (status is Status.ACTIVE and command == Trigger.PICK)  # has an answer of its own
]


@pytest.mark.parametrize("supervises", [False, True])
@pytest.mark.parametrize(("status", "command"), ILLEGAL, ids=str)
def test_an_illegal_command_is_refused_with_what_is_legal(
    status: Status, command: str, supervises: bool
) -> None:
    story = story_in(
        status, ConversationSettings(automated_messages=(), reopen_closed_within_seconds=REOPENABLE)
    )
    before = story.state
    refusal = story.is_refused(command, supervises=supervises, message_id="r2")
    assert (refusal.code, refusal.status) == ("invalid_state", status)
    assert list(refusal.allowed_commands) == legal(status, supervises=supervises)
    assert story.state == before


@pytest.mark.parametrize("supervises", [False, True])
@pytest.mark.parametrize("status", Status)
def test_what_a_refusal_calls_legal_is_obeyed(status: Status, supervises: bool) -> None:
    settings = ConversationSettings(automated_messages=(), reopen_closed_within_seconds=REOPENABLE)
    for command in legal(status, supervises=supervises):
        story_in(status, settings).asks(command, supervises=supervises, message_id="r2")


def test_only_a_supervisor_closes_by_force() -> None:
    story = story_in(Status.OPEN, ConversationSettings())
    assert story.is_refused("force_close").code == "not_your_conversation"
    story.asks("force_close", agent="eve", supervises=True)
    assert story.conversation.status_reason == "closed_by_supervisor"


@pytest.mark.parametrize("status", [Status.OPEN, Status.ACTIVE, Status.WAITING, Status.WRAP_UP])
def test_no_agent_starts_what_is_there(status: Status) -> None:
    refusal = story_in(status, ConversationSettings()).is_refused("start", conversation_id="new")
    assert (refusal.code, refusal.status) == ("conversation_exists", status)
    assert list(refusal.allowed_commands) == legal(status, supervises=False)


def test_the_table_has_every_trigger_and_each_source_and_trigger_once() -> None:
    keys = [(row.source, row.trigger) for row in TRANSITIONS]
    assert len(keys) == len(set(keys))
    assert {row.trigger for row in TRANSITIONS} == set(Trigger)
    assert all(transition(row.source, row.trigger, row.while_in) is row for row in TRANSITIONS)
    assert all((row.phase is not None) == (row.target is Status.ACTIVE) for row in TRANSITIONS)
    assert transition(Status.WRAP_UP, Trigger.REOPEN) is None


def test_every_state_can_be_left_and_reached() -> None:
    assert {row.target for row in TRANSITIONS} == set(Status)
    assert {row.source for row in TRANSITIONS} == {None, *Status}


def test_the_reference_systems_table_is_in_ours() -> None:
    """docs/reference/service-behaviour.md, "States": from, to, by whom."""
    ours = {(row.source, row.target, row.actor) for row in TRANSITIONS}
    agent, system, customer, bot = ActorKind.AGENT, ActorKind.SYSTEM, ActorKind.CUSTOMER, ActorKind.BOT
    s = Status
    assert ours >= {
        (None, s.OPEN, customer),
        (s.OPEN, s.ACTIVE, agent),
        (s.OPEN, s.ACTIVE, system),
        (s.OPEN, s.CLOSED, system),
        (s.ACTIVE, s.WRAP_UP, agent),
        (s.ACTIVE, s.WAITING, agent),
        (s.ACTIVE, s.WAITING, system),
        (s.ACTIVE, s.OPEN, system),
        (s.ACTIVE, s.OPEN, agent),
        (s.ACTIVE, s.ACTIVE, agent),
        (s.ACTIVE, s.CLOSED, system),
        (s.ACTIVE, s.CLOSED, bot),
        (s.ACTIVE, s.OPEN, bot),
        (s.WAITING, s.OPEN, customer),
        (s.WAITING, s.ACTIVE, agent),
        (s.WAITING, s.CLOSED, system),
        (s.WRAP_UP, s.CLOSED, agent),
        (s.WRAP_UP, s.CLOSED, system),
    }
    assert not [row for row in TRANSITIONS if row.actor is customer and row.target is s.CLOSED]


SESSION_TABLE: list[tuple[Callable[[Story], object], bool]] = [
    (lambda story: story.asks("close_session"), False),
    (lambda story: story.asks("release"), False),
    (lambda story: story.asks("end"), True),
    (lambda story: story.asks("force_close", agent="eve", supervises=True), False),
]


@pytest.mark.parametrize(("act", "keeps_session"), SESSION_TABLE)
def test_a_session_ends_with_its_turn_and_lasts_through_wrap_up(
    act: Callable[[Story], object], keeps_session: bool
) -> None:
    story = story_in(Status.ACTIVE, ConversationSettings())
    session = story.conversation.session
    assert session is not None
    act(story)
    assert story.conversation.phase is None
    assert (story.conversation.session == session) is keeps_session
    closed = story.told("session.closed")
    assert len(closed) == (0 if keeps_session else 1)
    if closed:
        assert (closed[0].data or {})["session_id"] == session.id


def test_each_turn_is_a_session_of_its_own_and_says_why_it_began() -> None:
    story = Story()
    story.writes()
    for action in ("pick", "close_session", "reopen", "release"):
        story.asks(action)
    story.asks("pick", agent="tom")
    assert [(fact.actor_id, fact.data) for fact in story.told("session.started")] == [
        ("mia", _session("id3", 1, "picked_by_agent")),
        ("mia", _session("id6", 2, "reopened_by_agent")),
        ("tom", _session("id9", 3, "picked_by_agent")),
    ]
    assert story.conversation.agent_id == "tom"


def _session(session_id: str, number: int, reason: str) -> dict[str, object]:
    return {"session_id": session_id, "number": number, "human_agent_tag": False, "reason": reason}
