"""Which threads were projected of late, by the end of the event log."""

from datetime import timedelta

from sqlmodel import Session, col, func, select

from store.tables import Event

_PAGE = 1_000
_MOST = 20_000
"""Events that are looked through at most: some minutes of a busy desk."""


def first_event_of_last(session: Session, period: timedelta) -> int:
    """The id of the event with which the last `period` of projections begins; 0 where there is none.

    It counts from the newest date of a projection, not from now: all may have stood still since.
    """
    newest = func.max(Event.id)
    last_id = session.exec(select(newest)).one() or 0
    end = None
    first = last_id + 1
    while first > max(1, last_id - _MOST):
        page = (col(Event.id) < first, col(Event.id) >= first - _PAGE)
        latest = session.exec(select(func.max(Event.written_at)).where(*page)).one()
        if end is None:
            end = latest
        elif latest is not None and latest < end - period:
            break
        first -= _PAGE
    return max(first, 1) if end is not None else 0


def threads_told_of(session: Session, first_event_id: int) -> list[tuple[str, str]]:
    """The threads, as (page id, customer id), of which projections have told from an event on."""
    found = session.exec(
        select(Event.page_id, Event.customer_id)
        .where(
            col(Event.id) >= first_event_id,
            col(Event.written_at).is_not(None),
            col(Event.page_id).is_not(None),
            col(Event.customer_id).is_not(None),
        )
        .distinct()
    )
    return [(str(page_id), str(customer_id)) for page_id, customer_id in found]
