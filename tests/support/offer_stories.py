"""Random stories of the offer protocol: who writes, answers, comes, goes, and what goes wrong meanwhile."""

import random
from collections.abc import Callable

from sqlalchemy import Engine

from domain.conversations.lifecycle import Phase, Status
from support.offers import AGENTS, Desk, Fate

Step = Callable[[Desk], object]


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


def tell(engine: Engine, seed_of_story: str) -> None:
    """One story, whose steps its seed decides. At rest nothing may differ."""
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
