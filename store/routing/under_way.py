"""What of work distribution is being done right now, so that a journey in time must wait for it."""

from dataclasses import dataclass

from sqlmodel import Session, func, select

from store.routing.claims import count_claimed
from store.routing.marks import has_marks
from store.routing.presence import Absence
from store.tables import AgentState


@dataclass(frozen=True, slots=True)
class DistributionUnderWay:
    """`has_marks`: the dispatcher has something to look at. `claims`: offers no workflow has confirmed.

    `absences`: agents whose absence no workflow deals with yet.
    """

    has_marks: bool
    claims: int
    absences: int


def distribution_under_way(session: Session) -> DistributionUnderWay:
    """As of now."""
    begun = select(func.count()).select_from(AgentState).where(AgentState.absence == Absence.BEGUN)
    return DistributionUnderWay(has_marks(session), count_claimed(session), session.exec(begun).one())
