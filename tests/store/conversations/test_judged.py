"""Judged by its rows, a conversation allows what it allows judged by its workflow's own state."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session

from domain.conversations.legal_actions import ActionName, Asker, judge_actions
from domain.conversations.reply_outlook import judge_reply
from store.conversations import listing
from store.conversations.judged import Judge
from support import steps
from support.discarding import Fate, Thread
from support.steps import SettingsChange, Step, realise

pytestmark = [pytest.mark.any_store, pytest.mark.timeout(300)]

_PEOPLE = [Asker("mia"), Asker("tom"), Asker("zoe"), Asker("eve", supervises=True)]


@settings(deadline=None, max_examples=60, derandomize=True, suppress_health_check=list(HealthCheck))
@given(story=st.lists(st.lists(steps.any_step(busy_engine=False), max_size=4), min_size=1, max_size=12))
def test_rows_and_state_are_judged_alike(stores: list[Engine], story: list[list[Step]]) -> None:
    thread, serial = Thread(*stores), 0
    for task in story:
        for step in task:
            serial += 1
            doing = realise(step, thread.run.state, thread.now, serial)
            if doing is not None and not isinstance(step, SettingsChange):
                thread.happens(doing)
        thread.task(Fate.COUNTS)
    thread.come_to_rest()
    state = thread.run.state
    conversation = state.conversation or state.last_closed
    if conversation is None:
        return
    with Session(thread.rows) as session:
        record = listing.find(session, conversation.id)
        assert record is not None
        judged_by, judged = Judge(session, [record]).judged_by(record)
    known = replace(state, window=judged_by.state.window, settings=judged_by.state.settings)
    for asker in _PEOPLE:
        of_rows = judge_actions(judged_by.state, judged, asker, thread.now)
        of_state = judge_actions(known, conversation, asker, thread.now)
        for mine, theirs in zip(of_rows, of_state, strict=True):
            assert mine.is_legal == theirs.is_legal, (asker, mine, theirs)
            if mine.name not in (ActionName.ACCEPT, ActionName.DECLINE):  # who had it before has no row
                assert mine.reason == theirs.reason, (asker, mine, theirs)
        replied = judge_reply(replace(judged_by, state=known), conversation, asker, thread.now)
        assert judge_reply(judged_by, judged, asker, thread.now) == replied
