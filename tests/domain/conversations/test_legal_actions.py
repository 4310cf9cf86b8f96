"""What somebody is shown that they may do is what is done when they ask for it, and nothing else."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.conversations.changes import Change
from domain.conversations.conversation import decide
from domain.conversations.deadlines import is_due
from domain.conversations.legal_actions import ActionName, Asker, judge_actions
from domain.conversations.reply_outlook import (
    JudgedBy,
    PageGate,
    ReplyVerdict,
    SentAs,
    ShutGate,
    Verdict,
    judge_reply,
)
from domain.conversations.state import Conversation, ThreadState
from domain.sending.thread_owner import OwnerKind, ThreadOwner
from support import steps
from support.commands import make_command
from support.steps import Model, Step
from support.story import NOON, Story

_PEOPLE = ("mia", "tom", "zoe", "eve", "new")
_STANDARD = ReplyVerdict(Verdict.ALLOWED, None, "standard_window", SentAs.STANDARD)
_HUMAN_AGENT = ReplyVerdict(Verdict.ALLOWED, None, "human_agent_tag", SentAs.HUMAN_AGENT)
MIA, TOM, EVE = Asker("mia"), Asker("tom"), Asker("eve", supervises=True)


def _is_done(model: Model, asker: Asker, action: str, **more: Any) -> bool:
    """Whether the rules do what is asked for, when it is really asked for."""
    conversation = model.state.conversation or model.state.last_closed
    assert conversation is not None
    command = make_command(
        action, "asked", conversation.id, asker.agent_id, supervises=asker.supervises, **more
    )
    outcome = decide(model.state, command, model.now, iter(map("x{}".format, range(99))).__next__)
    return isinstance(outcome, Change) and bool(outcome.facts)


def _is_done_for_anybody(model: Model, asker: Asker, action: ActionName) -> bool:
    name = action.value.replace("-", "_")
    choices: list[dict[str, Any]]
    match action:
        case ActionName.ASSIGN | ActionName.TRANSFER:
            choices = [{"to_agent_id": each} for each in _PEOPLE]
        case ActionName.CONSULT | ActionName.JOIN | ActionName.REMOVE_PARTICIPANT:
            choices = [{"participant_id": each} for each in _PEOPLE]
        case ActionName.END | ActionName.COMPLETE:
            choices = [{"disposition_code_id": "code"}]
        case _:
            choices = [{}]
    return any(_is_done(model, asker, name, **each) for each in choices)


def _of(state: ThreadState) -> Conversation | None:
    return state.conversation or state.last_closed


@settings(max_examples=60)
@given(
    st.lists(steps.any_step(busy_engine=False), max_size=25),
    st.builds(Asker, st.sampled_from(_PEOPLE[:4]), st.booleans()),
)
def test_what_is_legal_is_done_and_what_is_not_is_refused(story: list[Step], asker: Asker) -> None:
    model = Model()
    for step in story:
        model.take(step)
    conversation = _of(model.state)
    if conversation is None or is_due(model.state, model.now):
        return
    actions = judge_actions(model.state, conversation, asker, model.now)
    assert [each.name for each in actions] == list(ActionName)
    for each in actions:
        assert each.is_legal == _is_done_for_anybody(model, asker, each.name), each
    outlook = judge_reply(JudgedBy(model.state), conversation, asker, model.now)
    assert (outlook.now.verdict is Verdict.ALLOWED) == _is_done(model, asker, "reply", message_id="r")
    holds = _is_done(model, asker, "reply", message_id="r", hold=True)
    assert (outlook.now.verdict is Verdict.ALLOWED or outlook.may_hold) == holds
    if outlook.changes_at is not None:
        before = judge_reply(
            JudgedBy(model.state), conversation, asker, outlook.changes_at - timedelta(microseconds=1)
        )
        at = judge_reply(JudgedBy(model.state), conversation, asker, outlook.changes_at)
        assert (before.now, at.now) == (outlook.now, outlook.then)


def _legal(story: Story, asker: Asker) -> set[str]:
    actions = judge_actions(story.state, story.conversation, asker, story.now)
    return {each.name.value for each in actions if each.is_legal}


def test_each_is_told_what_they_may_do() -> None:
    story = Story()
    story.writes()
    assert _legal(story, MIA) == {"pick"}
    story.asks("pick")
    assert _legal(story, MIA) == {
        *("transfer", "transfer-to-queue", "close-session", "release", "end", "consult")
    }
    assert _legal(story, TOM) == set()
    assert _legal(story, EVE) == {
        *("transfer", "transfer-to-queue", "close-session", "release", "end", "force-close"),
        *("consult", "join", "monitor"),
    }
    why = {each.name.value: each.reason for each in judge_actions(story.state, story.conversation, TOM, NOON)}
    assert (why["pick"], why["end"], why["monitor"]) == ("already_picked", *["not_your_conversation"] * 2)


def _outlook(story: Story, asker: Asker = MIA, **more: Any) -> Any:
    return judge_reply(JudgedBy(story.state, **more), story.conversation, asker, story.now)


def _in_conversation(*, tag: bool) -> Story:
    story = Story()
    story.set_to(human_agent_tag=tag)
    story.writes()
    story.asks("pick")
    return story


def test_a_reply_goes_as_a_normal_one_and_after_24_hours_with_the_tag() -> None:
    story = _in_conversation(tag=True)
    outlook = _outlook(story)
    assert (outlook.now, outlook.then) == (_STANDARD, _HUMAN_AGENT)
    assert outlook.changes_at == NOON + timedelta(hours=24)
    story.now = outlook.changes_at
    outlook = _outlook(story)
    assert outlook.now == _HUMAN_AGENT
    assert outlook.changes_at == NOON + timedelta(days=7)
    assert outlook.then == ReplyVerdict(Verdict.REFUSED, "window_closed")


@pytest.mark.parametrize("switched_on", [False, True])
def test_reopening_helps_where_the_tag_was_switched_on_since(switched_on: bool) -> None:
    story = _in_conversation(tag=False)
    story.set_to(human_agent_tag=switched_on)
    story.now += timedelta(hours=24)
    outlook = _outlook(story)
    assert outlook.now == ReplyVerdict(Verdict.REFUSED, "human_agent_tag_disabled")
    assert (outlook.may_hold, outlook.reopening_brings_tag) == (True, switched_on)


def test_a_reply_waits_for_a_page_that_may_send_nothing() -> None:
    story, until = _in_conversation(tag=True), NOON + timedelta(minutes=5)
    held = _outlook(story, gate=ShutGate(PageGate.HELD))
    assert held.now == replace(_STANDARD, verdict=Verdict.LATER, code="page_held")
    assert held.changes_at == NOON + timedelta(hours=24)
    paused = _outlook(story, gate=ShutGate(PageGate.PAUSED, until))
    assert paused.now.code == "page_paused"
    assert (paused.changes_at, paused.then) == (until, _STANDARD)


def test_nobody_may_reply_where_another_app_has_the_thread_until_that_is_old_news() -> None:
    story = _in_conversation(tag=True)
    owner = ThreadOwner(OwnerKind.PAGE_INBOX, None, NOON - timedelta(hours=20))
    outlook = _outlook(story, owner=owner)
    assert outlook.now == ReplyVerdict(Verdict.REFUSED, "thread_owned_by_another_app")
    assert (outlook.changes_at, outlook.then) == (NOON + timedelta(hours=4), _STANDARD)
    assert not outlook.may_hold


def test_only_who_has_the_conversation_may_reply_and_hold() -> None:
    story = _in_conversation(tag=False)
    assert _outlook(story, TOM).now == ReplyVerdict(Verdict.REFUSED, "not_your_conversation")
    assert not _outlook(story, TOM).may_hold
    story.asks("close_session")
    assert _outlook(story).now == ReplyVerdict(Verdict.REFUSED, "invalid_state")
