"""Administration in the event table: who changed what. Values stay out of it; secrets could be among them."""

from sqlmodel import Session

from api.security.auth import Principal
from base import clock
from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from store.events.events import append_events, event_row


def record(
    session: Session, caller: Principal, kind: FactKind, *, page_id: str | None = None, **data: str | None
) -> None:
    """Append the event of one change; call it last in the change's transaction."""
    record_as(session, caller.agent_id, kind, page_id=page_id, **data)


def record_as(
    session: Session, actor_id: str, kind: FactKind, *, page_id: str | None = None, **data: str | None
) -> None:
    """As `record`, for an agent who is not the caller yet."""
    fact = Fact(kind, clock.now(), ActorKind.AGENT, actor_id, data=dict(data))
    append_events(session, [event_row(fact, page_id, None, None)])
