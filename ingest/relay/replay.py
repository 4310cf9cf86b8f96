"""Handling a webhook event once more that went to no thread: after a correction, or once its Page is known.

Asking for it only marks the event. The relay that holds its partition routes it, because the events of
a thread are numbered in one place; it looks for marks about once a second. What cannot be routed even now is
quarantined again.
"""

from sqlmodel import Session

from ingest.events.event_router import RoutedBatch, quarantine, route
from ingest.relay.quarantine import log_quarantine
from store.db.database import Database
from store.db.unavailable import may_be_of_the_data
from store.inbox.relay_shares import Lease, LeaseLostError, advance
from store.inbox.unrouted import forget
from store.tables import InboxEvent


async def replay(database: Database, event: InboxEvent, lease: Lease, owner: str) -> RoutedBatch:
    """Route one event as if it had just come. Raises LeaseLostError, and what the store raises when away."""

    def work(session: Session) -> RoutedBatch:
        advance(session, owner, [lease], lease.position)  # where it stands already: this asks for the fence
        # It may have been taken back meanwhile: replayed elsewhere, or erased with its person.
        return route(session, [event]) if forget(session, event.id or 0) else RoutedBatch()

    try:
        return await database.write(work)
    except LeaseLostError:
        raise
    except Exception as error:
        if not may_be_of_the_data(error):
            raise
        reason = log_quarantine(event, error)
        await database.write(lambda session: _set_aside_again(session, event, reason))
        return RoutedBatch()


def _set_aside_again(session: Session, event: InboxEvent, reason: str) -> None:
    forget(session, event.id or 0)
    quarantine(session, event, reason)
