"""What work distribution has told a conversation since it last looked, taken in the order in which it came.

Offers and agents who are gone have one order, for each may follow from the other: a task that is done again
may have an offer, the news that its agent is gone, and the offer of the stay that began with that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.conversations.apply_routing import apply_agent_gone, apply_offer, cause_of_gone, knows_less
from domain.conversations.changes import Change, NewId
from domain.conversations.state import ThreadState
from domain.routing.routing_signals import AgentGone, OfferMade, RoutingSignal


@dataclass(frozen=True, slots=True)
class TakenSignals:
    """What the signals come to, as one change whose facts name their causes.

    `knows_less`: one of them is for a later stay than the run knows, so the rows are of a discarded task.
    """

    change: Change
    knows_less: bool = False


def apply_signals(
    state: ThreadState, signals: Sequence[RoutingSignal], now: datetime, ids_of: Callable[[str], NewId]
) -> TakenSignals:
    """Take what came, one after the other. `ids_of` makes the ids of a cause.

    Who is gone may be told before an offer that was claimed for them while they were there: it ends at once.
    """
    change, is_behind = Change(state), False
    gone: dict[str, AgentGone] = {}
    for signal in signals:
        match signal:
            case OfferMade():
                taken = _take_offer(change.state, signal, now, ids_of)
                is_behind = is_behind or (not taken.is_to_be_recorded and knows_less(change.state, signal))
                change = change.then(taken)
                agent = gone.get(signal.agent_id)
                if agent is not None and signal.claimed_at <= agent.since:
                    change = change.then(_take_gone(change.state, agent, now, ids_of))
            case AgentGone():
                gone[signal.agent_id] = signal
                change = change.then(_take_gone(change.state, signal, now, ids_of))
    return TakenSignals(change, is_behind)


def _take_offer(
    state: ThreadState, offer: OfferMade, now: datetime, ids_of: Callable[[str], NewId]
) -> Change:
    cause = f"offer/{offer.offer_id}"
    return apply_offer(state, offer, now, ids_of(cause)).caused_by(cause)


def _take_gone(state: ThreadState, gone: AgentGone, now: datetime, ids_of: Callable[[str], NewId]) -> Change:
    cause = cause_of_gone(state, gone)
    return apply_agent_gone(state, gone, now, ids_of(cause)).caused_by(cause)
