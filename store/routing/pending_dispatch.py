"""What work distribution has still to do right now, so that a journey in time must wait for it."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from domain.conversations.lifecycle import Status
from store.routing.claims import count_claimed
from store.routing.dispatch_marks import has_marks
from store.routing.presence import Absence
from store.tables import AgentState, Conversation, WorkItem


@dataclass(frozen=True, slots=True)
class PendingDispatch:
    """`has_marks`: the dispatcher has something to look at. `claims`: offers no workflow has confirmed.

    `absences`: agents whose absence no workflow deals with yet. `next_end`: when the next offer that nobody
    answers, or the next reservation, is over.
    """

    has_marks: bool
    claims: int
    absences: int
    next_end: datetime | None


def read_pending_dispatch(session: Session) -> PendingDispatch:
    """As of now."""
    begun = select(func.count()).select_from(AgentState).where(AgentState.absence == Absence.BEGUN)
    return PendingDispatch(
        has_marks(session), count_claimed(session), session.exec(begun).one(), _next_end(session)
    )


def _next_end(session: Session) -> datetime | None:
    offers = select(func.min(col(Conversation.offer_expires_at))).where(Conversation.status == Status.ACTIVE)
    reservations = select(func.min(col(WorkItem.reserved_until)))
    ends = [session.exec(offers).one(), session.exec(reservations).one()]
    return min((end for end in ends if end is not None), default=None)
