"""What happens at an instant by itself: exactly then, once, and dated so however late Temporal comes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.conversations.changes import Change
from domain.conversations.conversation import needs_workflow
from domain.conversations.deadlines import fire, is_due, next_deadline
from domain.conversations.lifecycle import ActorKind, Status
from domain.conversations.state import ThreadEventKind
from domain.workstreams.conversation_settings import DEFAULT_SETTINGS
from support.story import NOON, QUIET, Story

MS = timedelta(milliseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TAGGED = replace(QUIET, human_agent_tag=True)


def after(*actions: str, **settings: object) -> Story:
    story = Story(replace(QUIET, **settings))  # type: ignore[arg-type]  # by name
    story.writes()
    for action in actions:
        story.asks(action, message_id="r1")
    story.sends_all()
    return story


@pytest.mark.parametrize(
    ("actions", "limit", "reason", "setting"),
    [
        ((), timedelta(days=30), "open_for_too_long", "idle_limit"),
        (("pick",), timedelta(days=30), "active_for_too_long", "idle_limit"),
        (("pick", "end"), DAY, "wrap_up_for_too_long", "wrap_up_limit"),
        (
            ("pick", "close_session"),
            timedelta(seconds=DEFAULT_SETTINGS.auto_close_waiting_after_seconds),
            "waiting_for_too_long",
            "auto_close_waiting_after_minutes",
        ),
    ],
    ids=["open", "active", "wrap-up", "waiting"],
)
def test_each_status_ends_by_itself_exactly_at_its_limit(
    actions: tuple[str, ...], limit: timedelta, reason: str, setting: str
) -> None:
    story = after(*actions)
    story.passes(limit - MS)
    assert story.status is not Status.CLOSED
    assert next_deadline(story.state, story.now) == NOON + limit
    story.now += timedelta(minutes=3)  # a loaded engine
    assert is_due(story.state, story.now)
    story.fires()
    assert story.conversation.closed_at == NOON + limit
    closed = story.told("conversation.closed")[0]
    assert (closed.at, closed.actor_kind) == (NOON + limit, ActorKind.SYSTEM)
    assert closed.data == {"from": closed.data and closed.data["from"], "reason": reason, "setting": setting}
    assert not is_due(story.state, story.now)
    assert not needs_workflow(story.state, story.now)


def test_nothing_due_changes_nothing() -> None:
    story = after("pick")
    assert fire(story.state, NOON, story.new_id) == Change(story.state)


def test_deadlines_that_passed_unnoticed_happen_in_their_order_each_at_its_instant() -> None:
    story = after("pick", "close_session")
    story.now += timedelta(days=40)
    story.fires()
    assert [(fact.kind, fact.at - NOON) for fact in story.changes[-1].facts] == [
        ("window.stage_changed", DAY),
        ("window.stage_changed", 7 * DAY),
        ("conversation.closed", 28 * DAY),
    ]
    assert all(
        fact.cause.startswith("deadline/") and fact.cause.endswith(fact.at.isoformat())
        for fact in story.changes[-1].facts
    )


def test_waiting_closes_by_the_workstreams_setting_as_it_now_is() -> None:
    story = after("pick", "close_session")
    story.set_to(auto_close_waiting_after_seconds=5 * 60)
    story.passes(timedelta(minutes=5) - MS)
    assert story.told("conversation.closed") == []
    story.passes(MS)
    assert story.conversation.closed_at == story.now


def test_a_shorter_setting_closes_when_it_comes_to_be_and_not_in_the_past() -> None:
    story = after("pick", "close_session")
    story.passes(10 * DAY)
    story.set_to(auto_close_waiting_after_seconds=5 * 60)
    changed_at = story.now
    story.passes(timedelta(minutes=1))
    assert story.conversation.closed_at == changed_at


def test_only_messages_move_the_closing_of_what_waits() -> None:
    story = after("pick", "close_session", auto_close_waiting_after_seconds=3600)
    story.now += HOUR / 2
    story.writes(ThreadEventKind.WINDOW_OPENING)
    assert next_deadline(story.state, story.now) == NOON + HOUR
    story.writes(ThreadEventKind.STANDBY_MESSAGE)
    assert next_deadline(story.state, story.now) == story.now + HOUR


# The window


def _ended(stage: str, following: str, *, unanswered: bool) -> dict[str, object]:
    return {"from": stage, "to": following, "opened_by": "message", "unanswered": unanswered}


def test_a_window_that_closes_on_a_waiting_customer_is_told_as_lost() -> None:
    story = after("pick", human_agent_tag=True)
    story.passes(7 * DAY)
    assert [fact.data for fact in story.told("window.stage_changed")] == [
        _ended("standard", "human_agent", unanswered=True),
        _ended("human_agent", "closed", unanswered=True),
    ]


def test_without_the_tag_the_second_stage_is_nobodys_loss() -> None:
    story = after("pick", human_agent_tag=False)
    story.passes(7 * DAY)
    assert [(fact.data or {})["unanswered"] for fact in story.told("window.stage_changed")] == [True, False]


def test_the_stages_end_at_24_hours_and_7_days() -> None:
    story = after("pick", human_agent_tag=True)
    story.asks("reply", message_id="r1")
    story.passes(DAY - MS)
    assert story.told("window.stage_changed") == []
    story.passes(MS)
    story.now += timedelta(minutes=3)
    story.passes(6 * DAY)
    assert [(fact.at, fact.data) for fact in story.told("window.stage_changed")] == [
        (NOON + DAY, _ended("standard", "human_agent", unanswered=False)),
        (NOON + 7 * DAY, _ended("human_agent", "closed", unanswered=False)),
    ]


def test_who_owes_an_answer_is_warned_before_each_closing() -> None:
    story = after("pick", human_agent_tag=True)
    story.passes(7 * DAY)
    warnings = story.told("window.closing_soon")
    assert [fact.at for fact in warnings] == [NOON + DAY - HOUR, NOON + 7 * DAY - HOUR]
    assert warnings[0].data == {
        "stage": "standard",
        "until": (NOON + DAY).isoformat(),
        "agent_id": "mia",
        "setting": "window_warning_minutes",
    }


def test_without_the_tag_nobody_is_warned_of_a_stage_in_which_they_could_not_write() -> None:
    story = after("pick")
    story.set_to(human_agent_tag=True)  # not this session's
    story.passes(7 * DAY)
    assert [fact.at for fact in story.told("window.closing_soon")] == [NOON + DAY - HOUR]


def test_an_open_conversation_is_judged_by_the_tag_its_next_session_would_have() -> None:
    story = after(human_agent_tag=True)
    story.passes(7 * DAY)
    assert [(fact.data or {})["stage"] for fact in story.told("window.closing_soon")] == [
        "standard",
        "human_agent",
    ]


@pytest.mark.parametrize("actions", [("pick", "reply"), ("pick", "close_session"), ("pick", "end")])
def test_who_owes_no_answer_is_not_warned(actions: tuple[str, ...]) -> None:
    story = after(*actions)
    story.passes(DAY - MS)
    assert story.told("window.closing_soon") == []


def test_a_new_message_moves_warning_and_closing() -> None:
    story = after("pick")
    story.passes(DAY - HOUR - MS)
    story.writes()
    wrote_at = story.now
    story.passes(HOUR)
    assert story.told("window.closing_soon") == []
    assert story.told("window.stage_changed") == []
    story.passes(DAY)
    assert [fact.at for fact in story.told("window.closing_soon")] == [wrote_at + DAY - HOUR]
    assert [fact.at for fact in story.told("window.stage_changed")] == [wrote_at + DAY]


def test_a_late_old_message_moves_nothing() -> None:
    story = after("pick")
    story.now += 2 * HOUR
    before = next_deadline(story.state, story.now)
    story.writes(at=NOON - HOUR)
    assert next_deadline(story.state, story.now) == before


def test_a_warning_is_given_once_however_its_setting_moves() -> None:
    story = after("pick")
    story.passes(DAY - HOUR)
    story.set_to(window_warning_seconds=1800)
    story.passes(HOUR / 2)
    story.set_to(window_warning_seconds=7200)
    story.passes(HOUR / 2)
    assert len(story.told("window.closing_soon")) == 1


def test_an_earlier_warning_comes_when_its_setting_comes_to_be() -> None:
    story = after("pick")
    story.passes(20 * HOUR)
    story.set_to(window_warning_seconds=6 * 3600)
    story.passes(MS)
    assert [fact.at for fact in story.told("window.closing_soon")] == [NOON + 20 * HOUR]


def test_no_warning_comes_with_or_after_the_closing() -> None:
    story = after("pick", window_warning_seconds=0)
    story.passes(DAY)
    assert story.told("window.closing_soon") == []
    late = after("pick", "reply")
    late.now += DAY
    late.writes(at=NOON)  # learnt of when its window is over
    late.now += MS
    late.fires()
    assert late.told("window.closing_soon") == []


def test_a_warning_counts_from_when_an_answer_is_owed() -> None:
    """Left unanswered and waiting, the conversation is taken up again within the last hour."""
    story = after("pick", "close_session")
    story.passes(DAY - HOUR / 2)
    assert story.told("window.closing_soon") == []
    story.asks("reopen")
    story.fires()
    assert [fact.at for fact in story.told("window.closing_soon")] == [story.now]


def test_who_picks_after_the_warning_is_not_warned_again() -> None:
    story = after()
    story.passes(DAY - HOUR / 2)
    story.asks("pick")
    story.passes(HOUR / 4)
    assert len(story.told("window.closing_soon")) == 1


def test_an_ended_conversation_is_not_told_of_windows() -> None:
    story = after("pick", "end")
    story.passes(DAY - MS)
    story.asks("complete")
    story.passes(8 * DAY)
    assert story.told("window.stage_changed") == []


def test_a_stage_that_ended_before_the_conversation_began_is_not_told() -> None:
    story = Story(QUIET)
    story.writes(at=NOON - 25 * HOUR)
    story.passes(7 * DAY)
    assert [fact.at for fact in story.told("window.stage_changed")] == [NOON - 25 * HOUR + 7 * DAY]


def test_of_two_stages_that_end_together_only_one_is_warned_of() -> None:
    story = Story(TAGGED)
    story.writes()
    window = story.state.window
    story.state = replace(story.state, window=replace(window, standard_until=window.human_agent_until))
    story.asks("pick")
    story.passes(7 * DAY)
    assert [fact.at for fact in story.told("window.closing_soon")] == [NOON + 7 * DAY - HOUR]
    assert len(story.told("window.stage_changed")) == 1


def test_windows_are_24_hours_long_when_clocks_change_and_over_the_end_of_a_month() -> None:
    for month, day in ((3, 28), (10, 24), (1, 31), (2, 28)):
        began = NOON.replace(month=month, day=day)
        story = Story(QUIET, began)
        story.writes()
        story.passes(DAY)
        assert [fact.at - began for fact in story.told("window.stage_changed")] == [DAY]
