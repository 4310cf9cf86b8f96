"""Whatever is discarded, killed or told twice: no capacity is given twice, and nothing is stuck."""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel

from store.db.database import make_engine
from support.offers import AGENTS, Desk, Fate, Phase, Run, seed_desk
from support.postgres import any_database
from support.store import make_settings, seed

pytestmark = [pytest.mark.any_store, pytest.mark.timeout(300)]

Step = Callable[[Desk], object]
_names = itertools.count()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with ExitStack() as stack:
        url = stack.enter_context(any_database())
        keys = tmp_path_factory.mktemp("keys")
        engine = make_engine(make_settings(keys, database_url=url).store_url if url else "sqlite://")
        stack.callback(engine.dispose)
        SQLModel.metadata.create_all(engine)
        with Session(engine) as session:
            seed(session, make_settings(tmp_path_factory.mktemp("seed")))
            session.flush()
            seed_desk(session)
            session.commit()
        yield engine


def _task(choice: int, fate: Fate, forgets: bool) -> Step:
    def step(desk: Desk) -> None:
        busy = desk.busy_threads()
        if busy:
            desk.task(busy[choice % len(busy)], fate, forgets=forgets)

    return step


def _accept(run: Run) -> Run:
    if run.phase is not Phase.OFFERED or run.agent_id is None or run.slot_id is None:
        return run
    return run.with_agent(Phase.ACTIVE, run.agent_id, run.slot_id, run.origin)


def _decline(run: Run) -> Run:
    return run.back_in_queue(declined=True) if run.phase is Phase.OFFERED else run


def _release(run: Run) -> Run:
    return run.back_in_queue(declined=False) if run.phase is Phase.ACTIVE else run


def _end(run: Run) -> Run:
    if run.phase is not Phase.ACTIVE:
        return run
    return Run(Phase.CLOSED, run.stay, run.queue_id, stays=run.stays)


def _command(choice: int, agent: int) -> Step:
    """Somebody does what can be done with a conversation: answers an offer, ends or gives back, or picks."""

    def step(desk: Desk) -> None:
        conversation_id = desk.thread(choice)
        match desk.threads[conversation_id].run.phase:
            case Phase.OFFERED:
                act = (_accept, _decline)[choice % 2]
                desk.command(conversation_id, lambda run, _: act(run))
            case Phase.ACTIVE:
                act = (_end, _release)[choice % 2]
                desk.command(conversation_id, lambda run, _: act(run))
            case Phase.OPEN if choice % 4 == 0:
                desk.pick(conversation_id, AGENTS[agent])

    return step


def _connect(agent: int, there: bool) -> Step:
    return lambda desk: desk.connect(AGENTS[agent], connected=there)


_numbers = st.integers(0, 20)
_fates = st.sampled_from([*[Fate.COUNTS] * 3, *[Fate.DISCARDED_AFTER_PROJECTING] * 2, *Fate])
_steps: st.SearchStrategy[Step] = st.one_of(
    st.sampled_from([Desk.customer_writes, Desk.nothing_goes_wrong_for_a_moment]),
    st.builds(_task, _numbers, _fates, st.booleans()),
    st.builds(_task, _numbers, _fates, st.booleans()),
    st.builds(_command, _numbers, st.integers(0, 2)),
    st.builds(_command, _numbers, st.integers(0, 2)),
    st.builds(lambda most: lambda desk: desk.dispatch(most), st.integers(1, 3)),
    st.builds(lambda choice: lambda desk: desk.tell(choice), _numbers),
    st.sampled_from([Desk.dispatcher_dies, Desk.take_back, Desk.a_step_passes, Desk.claims_lapse]),
    st.builds(_connect, st.integers(0, 2), st.booleans()),
)
_stories = st.lists(_steps, min_size=40, max_size=60)
_patient = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@settings(_patient, max_examples=30, derandomize=True)
@given(story=_stories)
def test_rows_at_rest_tell_what_the_runs_know(engine: Engine, story: list[Step]) -> None:
    _tell(engine, story)


@pytest.mark.chaos
@settings(_patient, max_examples=int(os.environ.get("PAGEDESK_MODEL_STORIES", "10000")) // 10)
@given(story=_stories)
def test_rows_at_rest_tell_it_in_ever_new_stories(engine: Engine, story: list[Step]) -> None:
    _tell(engine, story)


def _tell(engine: Engine, story: list[Step]) -> None:
    desk = Desk(engine, f"story-{next(_names)}")
    for step in [Desk.customer_writes, *story]:
        step(desk)
        desk.check()
    desk.come_to_rest()
    assert desk.differences() == []
