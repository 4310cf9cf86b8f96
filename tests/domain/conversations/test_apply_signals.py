"""What work distribution tells a conversation counts in the order in which it came, in however many tasks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.conversations.apply_signals import TakenSignals, apply_signals
from domain.conversations.lifecycle import Phase, Status
from domain.conversations.state import ThreadState
from domain.routing.capacity import Origin
from domain.routing.offers import CLAIM_VALID_FOR, NotificationSettings
from domain.routing.routing_signals import AgentGone, OfferMade, RoutingSignal
from domain.routing.work_distribution import ConversationDistribution, DistributionMode
from domain.workstreams.conversation_settings import ConversationSettings
from support.story import NOON, Story

_AGENTS = ("mia", "tom", "eve")
_PUSH = ConversationDistribution(
    mode=DistributionMode.PUSH, notification=NotificationSettings(reject_button=True)
)
_SECOND = timedelta(seconds=1)


def _waiting() -> ThreadState:
    told = Story(ConversationSettings(automated_messages=(), distribution=_PUSH))
    told.writes()
    told.is_routed()
    return told.state


def _ids_of(cause: str) -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"{cause}#{next(numbers)}"


def _take(state: ThreadState, *signals: RoutingSignal, now: datetime = NOON) -> TakenSignals:
    return apply_signals(state, signals, now, _ids_of)


def _offer(agent_id: str, stay: int, claimed_at: datetime = NOON, offer_id: str = "") -> OfferMade:
    conversation = _waiting().conversation
    assert conversation is not None
    return OfferMade(
        offer_id or f"offer-{agent_id}-{stay}",
        conversation.id,
        agent_id,
        stay,
        "default",
        Origin.PUSH,
        claimed_at + CLAIM_VALID_FOR,
    )


def _who_has(state: ThreadState) -> tuple[Status, str | None, int]:
    conversation = state.conversation
    assert conversation is not None
    assert conversation.stay is not None
    return conversation.status, conversation.agent_id, conversation.stay.record.number


def test_an_offer_of_the_stay_that_begins_as_an_agent_goes_is_taken() -> None:
    """As in a task that is done again: its first attempt had let the agent go, and the next was claimed."""
    gone = AgentGone("mia", NOON)
    taken = _take(_waiting(), _offer("mia", 1), gone, _offer("tom", 2, NOON + _SECOND))
    assert _who_has(taken.change.state) == (Status.ACTIVE, "tom", 2)
    assert not taken.knows_less
    told = [
        (fact.kind.value, fact.cause) for fact in taken.change.facts if fact.kind.value.startswith("offer")
    ]
    assert told == [
        ("offer.made", "offer/offer-mia-1"),
        ("offer.withdrawn", "agent_gone/mia/offer-mia-1"),
        ("offer.made", "offer/offer-tom-2"),
    ]


@pytest.mark.parametrize(
    ("claimed_at", "expected"),
    [(NOON, (Status.OPEN, None, 2)), (NOON + _SECOND, (Status.ACTIVE, "mia", 1))],
    ids=["claimed before they went", "claimed since they are back"],
)
def test_an_offer_told_after_its_agent_went_counts_if_it_was_claimed_after_that(
    claimed_at: datetime, expected: tuple[Status, str | None, int]
) -> None:
    gone = AgentGone("mia", NOON)
    taken = _take(_waiting(), gone, _offer("mia", 1, claimed_at))
    assert _who_has(taken.change.state) == expected


def test_an_offer_of_a_stay_that_is_not_known_is_of_a_discarded_task() -> None:
    taken = _take(_waiting(), _offer("mia", 1), _offer("tom", 2))
    assert (_who_has(taken.change.state), taken.knows_less) == ((Status.ACTIVE, "mia", 1), True)


@dataclass
class _Dispatcher:
    """Tells a conversation what follows from what it knows, a second after the last."""

    state: ThreadState
    now: datetime = NOON
    told: tuple[RoutingSignal, ...] = ()

    def tells(self, choice: int, agent: str) -> None:
        """An offer or an agent who goes, as the state allows; or the last thing once more."""
        self.now += _SECOND
        status, holder, stay = _who_has(self.state)
        signal: RoutingSignal
        if choice == 0 and self.told:
            signal = self.told[-1]
        elif status is Status.OPEN:
            signal = _offer(agent, stay, self.now, f"offer-{len(self.told)}")
        else:
            signal = AgentGone(holder or agent if choice % 2 else agent, self.now, final=choice > 2)
        self.told += (signal,)
        self.state = _take(self.state, signal, now=self.now).change.state


@given(
    steps=st.lists(st.tuples(st.integers(0, 4), st.sampled_from(_AGENTS)), max_size=12),
    cut=st.integers(0, 12),
)
def test_one_task_comes_to_what_a_task_for_each_has_come_to(steps: list[tuple[int, str]], cut: int) -> None:
    begin = _waiting()
    told = _Dispatcher(begin)
    for choice, agent in steps:
        told.tells(choice, agent)

    first = _take(begin, *told.told[:cut], now=told.now)
    second = _take(first.change.state, *told.told[cut:], now=told.now)

    assert _who_has(second.change.state) == _who_has(told.state)
    assert _offer_of(second.change.state) == _offer_of(told.state)
    assert not first.knows_less
    assert not second.knows_less
    whole = first.change.then(second.change)
    assert len({(fact.kind, fact.cause) for fact in whole.facts}) == len(whole.facts)


def _offer_of(state: ThreadState) -> str | None:
    conversation = state.conversation
    assert conversation is not None
    is_offered = conversation.phase is Phase.AWAITING_ACCEPTANCE
    assert is_offered is (conversation.offer is not None)
    return conversation.offer.id if conversation.offer is not None else None
