"""Transactions that change agents or queues: their marks and events are appended last."""

from collections.abc import Callable
from typing import TypeVar

from sqlmodel import Session

from store.events.events import append_events
from store.routing.agent_states import RoutingWrites
from store.routing.dispatch_marks import append_marks

T = TypeVar("T")


def with_routing_writes(work: Callable[[Session, RoutingWrites], T]) -> Callable[[Session], T]:
    """The whole transaction of a piece of work that has marks or events to append."""

    def whole(session: Session) -> T:
        writes = RoutingWrites()
        result = work(session, writes)
        append_marks(session, writes.marks)
        append_events(session, writes.events)
        return result

    return whole
