"""How often Pagedesk says something by itself: two machines that answer each other come to an end."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.conversations.automated_messages import BUDGET_PERIOD, MAX_IN_PERIOD, RULE, say_automatically
from domain.conversations.changes import Change, Draft
from domain.conversations.conversation import apply_event
from domain.conversations.state import QueuedSend, ThreadEvent, ThreadEventKind
from domain.sending.window import Opening, OpeningKind, opening
from domain.workstreams.conversation_settings import AutomatedTrigger, RuleAction, Silent, TimeOutRule
from support.story import NOON, QUIET, Story

T = AutomatedTrigger
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
EVERYTHING = replace(QUIET, automated_messages=tuple(AutomatedTrigger))
BY_AGENTS = (
    T.AGENT_JOINED,
    T.TRANSFER_ACCEPTED,
    T.CONSULT_ACCEPTED,
    T.CONSULT_ENDED,
    T.COLLEAGUE_JOINED,
    T.COLLEAGUE_LEFT,
    T.AGENT_ENDED,
    T.SESSION_ENDED,
)
FOR_CUSTOMERS = (T.GREETING, T.FILE_TOO_LARGE, T.UNSUPPORTED_MESSAGE, RULE, *BY_AGENTS)


def sends_picture(story: Story, *, times: int = 1) -> None:
    """The customer sends pictures to a page that takes none, all in one delivery."""
    for _ in range(times):
        seq = story.state.applied_seq + 1
        opened = opening(OpeningKind.MESSAGE, occurred_at=story.now, received_at=story.now)
        event = ThreadEvent(
            seq, ThreadEventKind.MESSAGE, story.now, opened, f"m{seq}", refused_files=T.UNSUPPORTED_MESSAGE
        )
        keep(story, apply_event(story.state, event, story.now, story.new_id))


def keep(story: Story, change: Change) -> None:
    story.state = change.state
    story.changes.append(change)
    story.facts.extend(change.facts)


def withheld(story: Story) -> list[tuple[object, object]]:
    return [
        ((fact.data or {})["trigger"], (fact.data or {})["code"]) for fact in story.told("message.withheld")
    ]


def test_200_pictures_in_one_delivery_draw_one_reply() -> None:
    story = Story(replace(QUIET, automated_messages=(T.GREETING, T.UNSUPPORTED_MESSAGE)))
    sends_picture(story, times=200)
    assert story.said() == [T.GREETING, T.UNSUPPORTED_MESSAGE]
    assert len(story.told("message.received")) == 200
    assert withheld(story) == [("unsupported_message", "repeated")], "told once, not 199 times"


def test_200_files_refused_one_by_one_draw_one_reply() -> None:
    story = Story(replace(QUIET, automated_messages=(T.FILE_TOO_LARGE,)))
    story.writes()
    for _ in range(200):
        story.has_files_refused(T.FILE_TOO_LARGE)
        story.sends_all()
    assert story.said() == [T.FILE_TOO_LARGE]
    assert withheld(story) == [("file_too_large", "repeated")]


def test_the_same_is_said_again_after_an_hour_to_the_instant() -> None:
    story = Story(replace(QUIET, automated_messages=(T.UNSUPPORTED_MESSAGE,)))
    sends_picture(story)
    story.now = NOON + HOUR - timedelta(microseconds=1)
    sends_picture(story)
    assert story.said() == [T.UNSUPPORTED_MESSAGE]
    assert story.told("message.withheld")[0].data == {
        "trigger": "unsupported_message",
        "cause_id": None,
        "code": "repeated",
        "until": "2026-11-20T13:00:00+00:00",
    }
    story.now = NOON + HOUR
    sends_picture(story)
    assert story.said() == [T.UNSUPPORTED_MESSAGE] * 2


def test_another_conversation_hears_it_anew() -> None:
    story = Story(replace(QUIET, automated_messages=(T.GREETING,)))
    for _ in range(2):
        story.writes()
        story.asks("force_close", agent="eve", supervises=True)
    assert story.said() == [T.GREETING] * 2


def test_what_follows_an_agents_act_may_be_said_as_often_as_it_is_done() -> None:
    story = Story(replace(QUIET, automated_messages=(T.AGENT_JOINED,)))
    story.writes()
    for agent in ("mia", "noor"):
        story.asks("pick", agent=agent)
        story.asks("release", agent=agent)
    assert story.said() == [T.AGENT_JOINED] * 2


def test_no_thread_hears_more_than_its_budget_whatever_causes_it() -> None:
    story = Story(replace(QUIET, automated_messages=(T.AGENT_JOINED,)))
    story.writes()
    for _ in range(MAX_IN_PERIOD + 5):
        story.asks("pick")
        story.asks("release")
    assert story.said() == [T.AGENT_JOINED] * 12
    assert withheld(story) == [("agent_joined", "rate_limited")], "told once while that lasts"
    story.now += HOUR
    story.asks("pick")
    assert len(story.said()) == 13


def test_what_the_window_forbids_does_not_count() -> None:
    story = Story(replace(QUIET, automated_messages=(T.GREETING,)))
    story.writes(at=NOON - 2 * timedelta(days=1))
    assert story.state.automated == ()


@pytest.mark.parametrize("answers", ["words", "pictures"])
@pytest.mark.parametrize("closes", [False, True])
def test_two_bots_that_answer_each_other_stop(answers: str, closes: bool) -> None:
    """The other side answers whatever Pagedesk says, at once, for a day; its own rules add to it."""
    rules = [TimeOutRule("nudge", Silent.AGENT, 60, RuleAction.SEND)]
    if closes:
        rules.append(TimeOutRule("tidy", Silent.AGENT, 120, RuleAction.CLOSE))
    story = Story(replace(EVERYTHING, time_out_rules=tuple(rules)))
    queued: list[datetime] = []

    def note_new() -> bool:
        fresh = len(story.said()) > len(queued)
        queued.extend([story.now] * (len(story.said()) - len(queued)))
        return fresh

    sends_picture(story)
    for _ in range(24 * 60):
        for _ in range(100):  # far more turns than anybody has patience for
            if not note_new():
                break
            story.sends_all()
            if answers == "pictures":
                sends_picture(story)
            else:
                story.writes()
        story.passes(MINUTE)
    assert_within_budget(queued)
    assert len(queued) <= 24 * MAX_IN_PERIOD
    if not closes:
        hourly = 3 if answers == "pictures" else 2
        assert len(queued) <= 24 * hourly, "each thing once an hour, in the one conversation"


def assert_within_budget(queued: list[datetime]) -> None:
    for at in queued:
        assert sum(at <= other < at + BUDGET_PERIOD for other in queued) <= MAX_IN_PERIOD


attempts = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=1_800),
        st.sampled_from(FOR_CUSTOMERS),
        st.sampled_from(["one", "two", "three"]),
    ),
    max_size=120,
)


@given(attempts)
def test_the_budget_holds_for_any_attempts(tried: list[tuple[int, str, str]]) -> None:
    story = Story(QUIET)
    story.writes()
    template = story.conversation
    said: list[tuple[datetime, str, str]] = []
    for seconds, trigger, conversation_id in tried:
        story.now += timedelta(seconds=seconds)
        draft = Draft(story.state, story.now, story.new_id)
        draft.set(window=draft.state.window.extended_by(opened_at(story.now)))
        told_before = covered(story)
        cause_id = "r1" if trigger == RULE else None
        queued = say_automatically(draft, replace(template, id=conversation_id), trigger, cause_id=cause_id)
        change = draft.done()
        keep(story, replace(change, state=replace(change.state, outbox=())))
        if queued:
            assert [send.trigger for send in change.created_sends] == [trigger]
            said.append((story.now, trigger, conversation_id))
        else:
            assert change.created_sends == ()
            assert told_before or story.told("message.withheld"), "nothing is withheld without a word"
        assert len(story.state.automated) <= MAX_IN_PERIOD, "the state does not grow"
    assert_within_budget([at for at, _, _ in said])
    for at, trigger, conversation_id in said:
        same = [one for one in said if one[1:] == (trigger, conversation_id) and at <= one[0] < at + HOUR]
        assert len(same) == 1 or trigger in BY_AGENTS


def covered(story: Story) -> bool:
    """Whether the timeline says already that something is withheld now."""
    return any(
        datetime.fromisoformat(str((fact.data or {})["until"])) > story.now
        for fact in story.told("message.withheld")
    )


def opened_at(now: datetime) -> Opening:
    return opening(OpeningKind.MESSAGE, occurred_at=now, received_at=now)


def test_a_send_and_its_count_are_one_change() -> None:
    story = Story(replace(QUIET, automated_messages=(T.GREETING,)))
    change = story.writes()
    (send,) = change.created_sends
    assert isinstance(send, QueuedSend)
    assert [(each.what, each.conversation_id) for each in change.state.automated] == [
        ("greeting", send.conversation_id)
    ]
