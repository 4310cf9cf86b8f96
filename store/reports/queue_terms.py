"""What of queues their metrics depend on."""

from datetime import timedelta

from sqlmodel import Session, select

from domain.reports.records import QueueTerms
from domain.routing.operating_hours import ALWAYS_OPEN
from store.routing.hours import read_hours
from store.tables import Queue


def read_queue_terms(session: Session) -> dict[str, QueueTerms]:
    """The terms of every queue, by its id."""
    queues = session.exec(select(Queue)).all()
    hours = read_hours(session, {each.operating_hours_id for each in queues if each.operating_hours_id})
    return {
        each.id: QueueTerms(
            hours.get(each.operating_hours_id or "", ALWAYS_OPEN),
            _seconds(each.service_level_seconds),
            _seconds(each.short_abandon_seconds) or timedelta(0),
        )
        for each in queues
    }


def _seconds(number: int | None) -> timedelta | None:
    return timedelta(seconds=number) if number is not None else None
