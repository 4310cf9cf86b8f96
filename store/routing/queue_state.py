"""How a queue stands now: what waits there, since when, and who is ready."""

from sqlmodel import Session

from store.db.refusals import not_found
from store.tables import Queue


def require_queue(session: Session, queue_id: str) -> Queue:
    """The queue; refused as `not_found`."""
    queue = session.get(Queue, queue_id)
    if queue is None:
        raise not_found("queue", queue_id)
    return queue
