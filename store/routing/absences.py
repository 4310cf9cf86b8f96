"""What an agent's row says of an absence, as its workflow goes through it."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from domain.routing.absence import absence_ends_at
from store.routing.agent_states import RoutingWrites, refresh_agent
from store.routing.capacity import lock_agent_state
from store.routing.presence import Absence
from store.tables import Agent


@dataclass(frozen=True, slots=True)
class FoundAbsence:
    """Since when an agent is absent, and when their conversations are given back."""

    since: datetime
    ends_at: datetime


def begin_absence(session: Session, agent_id: str) -> FoundAbsence | None:
    """Note that a workflow deals with the agent's absence; None where there is none to deal with."""
    state = lock_agent_state(session, agent_id)
    agent = session.get(Agent, agent_id)
    if state is None or agent is None or state.absent_since is None or state.absence == Absence.OVER:
        return None
    state.absence = Absence.RUNNING.value
    session.add(state)
    session.flush()
    ends_at = absence_ends_at(state.absent_since, deactivated=not agent.active)
    return FoundAbsence(state.absent_since, ends_at)


def end_absence(
    session: Session, agent_id: str, since: datetime, writes: RoutingWrites, now: datetime
) -> bool:
    """The time to come back is over, and what the agent had chosen with it. False if they were back."""
    state = lock_agent_state(session, agent_id)
    if state is None or state.absent_since != since:
        return False
    if state.absence != Absence.OVER:
        state.absence = Absence.OVER.value
        state.chosen_presence = state.presence_text = None
        refresh_agent(session, state, writes, now, freed=False, reason="absent_too_long")
    return True
