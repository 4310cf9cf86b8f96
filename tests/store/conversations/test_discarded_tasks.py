"""Whatever tasks Temporal discards, at rest the rows tell what those that count have decided."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from domain.conversations.state import ThreadEventKind
from domain.sending.window import OpeningKind
from support import steps
from support.discarding import Fate, Thread
from support.steps import Asks, Happens, IsOffered, Step, TimePasses, realise

pytestmark = [pytest.mark.any_store, pytest.mark.timeout(300)]


@dataclass(frozen=True, slots=True)
class Task:
    """A task, with what happens before it begins."""

    steps: list[Step]
    fate: Fate
    forgotten: int
    clock_goes_back: bool


_tasks = st.builds(
    Task,
    st.lists(steps.any_step(busy_engine=False), max_size=4),
    st.sampled_from([Fate.COUNTS, Fate.COUNTS, Fate.DISCARDED_AFTER_PROJECTING, *Fate]),
    st.integers(0, 15),
    st.sampled_from([False] * 9 + [True]),
)
_between: st.SearchStrategy[Callable[[Thread], None]] = st.sampled_from(
    [Thread.ask_again, Thread.continue_as_new, Thread.project_late, Thread.write_down]
)
Story = list[Task | Callable[[Thread], None]]
_stories = st.lists(_tasks | _tasks | _between, min_size=2, max_size=25)


_patient = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


NOTHING = Task([], Fate.COUNTS, 0, clock_goes_back=False)
# After a clock was set back, a discarded task and its retry have the same date.
SAME_DATE: Story = [
    *[NOTHING] * 3,
    Task(
        [Happens(ThreadEventKind.MESSAGE, OpeningKind.MESSAGE, timedelta())],
        Fate.DISCARDED_BEFORE_PROJECTING,
        0,
        clock_goes_back=True,
    ),
    Task([], Fate.DISCARDED_AFTER_PROJECTING, 0, clock_goes_back=False),
]

# An acceptance that is lost with its task: the offer ends without an answer.
MISSED_AFTER_ALL: Story = [
    NOTHING,
    Task([Happens(ThreadEventKind.MESSAGE, OpeningKind.MESSAGE)], Fate.COUNTS, 0, clock_goes_back=False),
    Task([IsOffered("mia")], Fate.COUNTS, 0, clock_goes_back=False),
    Task([Asks("accept", "mia")], Fate.DISCARDED_AFTER_PROJECTING, 1, clock_goes_back=False),
    Task([TimePasses(timedelta(minutes=3))], Fate.COUNTS, 0, clock_goes_back=False),
]


@settings(_patient, max_examples=100, derandomize=True)
@example(story=MISSED_AFTER_ALL)
@example(story=SAME_DATE)
@given(story=_stories)
@example(story=[Task([], Fate.COUNTS, 0, False), Task([], Fate.DISCARDED_AFTER_PROJECTING, 0, True)])
def test_rows_at_rest_tell_what_the_run_knows(stores: list[Engine], story: Story) -> None:
    _tell(stores, story)


@pytest.mark.chaos
@settings(_patient, max_examples=int(os.environ.get("PAGEDESK_MODEL_STORIES", "10000")))
@given(story=_stories)
def test_rows_at_rest_tell_it_in_ever_new_stories(stores: list[Engine], story: Story) -> None:
    _tell(stores, story)


def _tell(stores: list[Engine], story: Story) -> None:
    thread = Thread(*stores)
    serial = 0
    for each in story:
        if not isinstance(each, Task):
            each(thread)
            continue
        for step in each.steps:
            serial += 1
            if (doing := realise(step, thread.run.state, thread.now, serial)) is not None:
                thread.happens(doing)
        thread.task(each.fate, forgotten=each.forgotten, clock_goes_back=each.clock_goes_back)
    thread.come_to_rest()
    if thread.refused_projections:
        event("a projection that counts was refused")
    assert thread.differences() == []
