"""Whatever is discarded, killed or told twice: no capacity is given twice, and nothing is stuck."""

import os
import random
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel

from domain.conversations.lifecycle import Phase, Status
from store.db.engines import make_engine
from support.offers import AGENTS, Desk, Fate, seed_desk
from support.postgres import any_database
from support.store import make_settings, seed

pytestmark = [pytest.mark.any_store, pytest.mark.timeout(300)]

Step = Callable[[Desk], object]


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


def _writes(choice: int) -> Step:
    return lambda desk: desk.customer_writes(choice)


def _task(choice: int, fate: Fate, forgets: bool) -> Step:
    def step(desk: Desk) -> None:
        busy = desk.busy_threads()
        if busy:
            desk.task(busy[choice % len(busy)], fate, forgets=forgets)

    return step


def _command(choice: int, agent: int) -> Step:
    """Somebody does what can be done with a conversation: answers an offer, ends or gives back, or picks."""

    def step(desk: Desk) -> None:
        thread = desk.thread(choice)
        live = thread.conversation
        if live is None:
            return
        match live.status, live.phase:
            case Status.ACTIVE, Phase.AWAITING_ACCEPTANCE:
                desk.asks(thread, ("accept", "decline", "decline")[choice % 3])
            case Status.ACTIVE, _:
                action = ("end", "end", "release", "close_session", "transfer", "transfer_to_queue")[
                    choice % 6
                ]
                desk.asks(thread, action)
            case Status.WRAP_UP, _:
                desk.asks(thread, "complete")
            case Status.WAITING, _:
                desk.asks(thread, "reopen", AGENTS[agent])
            case Status.OPEN, _ if choice % 4 == 0:
                desk.asks(thread, "pick", AGENTS[agent])

    return step


def _connect(agent: int, there: bool) -> Step:
    return lambda desk: desk.connect(AGENTS[agent], connected=there)


def _gone(agent: int) -> Step:
    return lambda desk: desk.agent_is_gone(AGENTS[agent])


_FATES = [
    *[Fate.COUNTS] * 3,
    *[Fate.DISCARDED_AFTER_PROJECTING] * 3,
    Fate.DISCARDED_BEFORE_PROJECTING,
]
_LUCK = [Desk.dispatcher_dies, Desk.take_back, Desk.a_step_passes, Desk.claims_lapse]
_STEPS_OF_A_STORY = 80


def _any_step(lots: random.Random) -> Step:
    """Weighted so that conversations get somewhere, and something goes wrong with each."""
    number, agent, flag = lots.randrange(20), lots.randrange(3), lots.random() < 0.5
    steps: dict[Step, int] = {
        _writes(number): 12,
        Desk.nothing_goes_wrong_for_a_moment: 13,
        _task(number, lots.choice(_FATES), flag): 20,
        _command(number, agent): 23,
        lambda desk: desk.dispatch(2): 8,
        lambda desk: desk.tell(number): 8,
        lots.choice(_LUCK): 8,
        _connect(agent, flag): 7,
        _gone(agent): 2,
    }
    return lots.choices(list(steps), list(steps.values()))[0]


def test_rows_at_rest_tell_what_the_runs_know(engine: Engine) -> None:
    late_slot = "ffbcc0a7"
    for seed_of_story in (*map(str, range(12)), late_slot):
        _tell(engine, seed_of_story)


@pytest.mark.chaos
def test_rows_at_rest_tell_it_in_ever_new_stories(engine: Engine) -> None:
    for _ in range(int(os.environ.get("PAGEDESK_MODEL_STORIES", "10000")) // 10):
        _tell(engine, secrets.token_hex(4))


def _tell(engine: Engine, seed_of_story: str) -> None:
    lots = random.Random(seed_of_story)  # noqa: S311 - a story that can be told again
    desk = Desk(engine, f"story-{seed_of_story}")
    desk.customer_writes(1)
    try:
        for _ in range(2):
            for _ in range(_STEPS_OF_A_STORY // 2):
                _any_step(lots)(desk)
                desk.check()
            desk.come_to_rest()
            assert desk.differences() == []
    except BaseException as error:
        error.add_note(f"story {seed_of_story}")
        raise
