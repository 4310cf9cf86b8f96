"""Handling a webhook event once more that went to no thread: after a mend, or once its page is known.

Whoever asks for it only marks the event. The relay that holds its partition routes it, because the events of
a thread are numbered in one place; it looks for marks about once a second. What cannot be routed even now is
quarantined again.
"""

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from base.log import get_logger
from base.tracebacks import place_of, without_values
from ingest.events.event_router import Routed, quarantine, route
from store.db.database import Database
from store.db.unavailable import may_be_of_the_data
from store.inbox.relay_shares import Lease, LeaseLostError, advance
from store.tables import InboxEvent, UnroutedEvent

REPLAYING = "replaying"
"""The disposition of an unrouted event that waits to be handled once more."""

_log = get_logger("ingest")


def request_replay(session: Session, inbox_id: int) -> bool:
    """Have an unrouted event handled once more; False where there is none. Asking twice is asking once."""
    marked = session.connection().execute(
        update(UnroutedEvent).where(col(UnroutedEvent.inbox_id) == inbox_id).values(disposition=REPLAYING)
    )
    return marked.rowcount == 1


def requested_replays(session: Session) -> list[int]:
    """The inbox ids of the events that wait to be handled once more, in their order."""
    waiting = select(UnroutedEvent.inbox_id).where(UnroutedEvent.disposition == REPLAYING)
    return list(session.exec(waiting.order_by(col(UnroutedEvent.inbox_id))).all())


async def replay(database: Database, event: InboxEvent, lease: Lease, owner: str) -> Routed:
    """Route one event as if it had just come. Raises LeaseLostError, and what the store raises when away."""

    def work(session: Session) -> Routed:
        advance(session, owner, [lease], lease.position)  # where it stands already: this asks for the fence
        # It may have been taken back meanwhile: replayed elsewhere, or erased with its person.
        return route(session, [event]) if _forget(session, event) else Routed()

    try:
        return await database.write(work)
    except LeaseLostError:
        raise
    except Exception as error:
        if not may_be_of_the_data(error):
            raise
        _log.error(
            "event_quarantined",
            inbox_id=event.id,
            kind=event.kind,
            error=without_values(error),
            at=place_of(error),
        )
        reason = f"{type(error).__name__} in routing"
        await database.write(lambda session: _set_aside_again(session, event, reason))
        return Routed()


def _set_aside_again(session: Session, event: InboxEvent, reason: str) -> None:
    _forget(session, event)
    quarantine(session, event, reason)


def _forget(session: Session, event: InboxEvent) -> bool:
    """Whether it was set aside."""
    set_aside = delete(UnroutedEvent).where(col(UnroutedEvent.inbox_id) == event.id)
    return session.connection().execute(set_aside).rowcount == 1
