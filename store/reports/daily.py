"""The sums of old days.

A day is summed up once and for good, in one transaction with the row that says so: from then on reports read
it here and nowhere else, so that nothing counts twice, however often this is interrupted and repeated.
`store.privacy.retention` deletes later what it was made of.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from sqlmodel import Session, func, select

from domain.reports.measures import Cell, Measures, measure, measures_from
from store.db.sql import insert_if_new, table_of
from store.reports.records import read_records
from store.tables import AgentSession, Conversation, DailyMetrics, PresenceChange, QueueStay, SummedDay

_DAY = timedelta(days=1)


def summed_until(session: Session) -> datetime | None:
    """The instant before which everything is summed up; None: nothing is."""
    last = session.exec(select(func.max(SummedDay.day))).one()
    return _midnight(last + _DAY) if last is not None else None


def next_day_to_sum(session: Session, before: datetime) -> date | None:
    """The first day that is over before the instant and not summed up yet."""
    until = summed_until(session) or _beginning(session)
    if until is None or _midnight(until.date() + _DAY) > before:
        return None
    return until.date()


def sums_of_day(session: Session, day: date) -> dict[Cell, Measures]:
    """A day of UTC summed up from what happened in it."""
    return measure(read_records(session, _midnight(day), _midnight(day + _DAY), limited=False), "UTC")


def keep_sums(session: Session, day: date, sums: Mapping[Cell, Measures], now: datetime) -> bool:
    """Keep the sums of a day; False: somebody else has, and theirs stay."""
    if not insert_if_new(session, SummedDay, {"day": day, "summed_at": now}):
        return False
    rows = [
        {
            "day": day,
            "queue_id": cell.queue_id or "",
            "workstream_id": cell.workstream_id or "",
            "agent_id": cell.agent_id or "",
            "measures": measures.as_dict(),
        }
        for cell, measures in sums.items()
    ]
    if rows:
        session.connection().execute(table_of(DailyMetrics).insert(), rows)
    return True


def read_sums(session: Session, first: date, last: date) -> dict[Cell, Measures]:
    """The sums that are kept of the days from `first` to `last`."""
    kept = session.exec(select(DailyMetrics).where(DailyMetrics.day >= first, DailyMetrics.day <= last))
    return {
        Cell(row.day, row.queue_id or None, row.workstream_id or None, row.agent_id or None): measures_from(
            row.measures
        )
        for row in kept
    }


def _beginning(session: Session) -> datetime | None:
    """When the first of what is measured happened."""
    firsts = [
        session.exec(select(func.min(column))).one()
        for column in (
            Conversation.opened_at,
            AgentSession.started_at,
            QueueStay.entered_at,
            PresenceChange.at,
        )
    ]
    return min((each for each in firsts if each is not None), default=None)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), UTC)
