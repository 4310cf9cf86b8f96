"""Operating hours and their holidays."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from base.ids import new_id
from base.json_codec import from_json_value, to_json_value
from domain.routing.operating_hours import Holiday, WeeklyInterval, validate_operating_hours
from domain.routing.operating_hours import OperatingHours as Hours
from store.db.refusals import RefusalReason, StoreRefusalError
from store.db.sql import delete_rows
from store.routing.configuration import (
    LOOK_AT_ALL,
    add_named,
    get_named,
    list_named,
    note_change,
    refuse_taken_name,
    refuse_wrong,
)
from store.tables import Holiday as HolidayRow
from store.tables import OperatingHours, Queue

MAX_OPERATING_HOURS = 200


def get(session: Session, hours_id: str) -> OperatingHours:
    """The operating hours; refused as `not_found`."""
    return get_named(session, OperatingHours, "operating hours", hours_id)


def listed(session: Session, *, after: str | None, limit: int) -> list[OperatingHours]:
    """Operating hours by id."""
    return list_named(session, OperatingHours, after=after, limit=limit)


def add(session: Session, hours_id: str, name: str, hours: Hours, at: datetime) -> OperatingHours:
    """New operating hours that no queue has yet."""
    refuse_wrong(validate_operating_hours(hours))
    row = OperatingHours(id=hours_id, name=name, timezone=hours.timezone, created_at=at)
    row.weekly = to_json_value(hours.intervals)
    add_named(session, row, MAX_OPERATING_HOURS)
    _set_holidays(session, hours_id, hours)
    note_change(session)
    return row


def change(session: Session, hours_id: str, name: str, hours: Hours) -> OperatingHours:
    """Let operating hours be these from now on, for what waits too."""
    row = get(session, hours_id)
    refuse_wrong(validate_operating_hours(hours))
    row.sqlmodel_update({"name": name, "timezone": hours.timezone, "weekly": to_json_value(hours.intervals)})
    refuse_taken_name(session, row)
    _set_holidays(session, hours_id, hours)
    note_change(session, LOOK_AT_ALL)
    return row


def add_holidays(session: Session, row: OperatingHours, found: list[Holiday]) -> None:
    """Add holidays, but for days on which it is closed for one already."""
    known = read_hours(session, [row.id])[row.id]
    more = [day for day in found if not any(each.includes(day.first_day) for each in known.holidays)]
    change(session, row.id, row.name, replace(known, holidays=(*known.holidays, *more)))


def delete(session: Session, hours_id: str) -> None:
    """Delete operating hours that no queue has."""
    row = get(session, hours_id)
    users = session.exec(select(Queue.id).where(Queue.operating_hours_id == hours_id))
    if queue_ids := sorted(users):
        raise StoreRefusalError(RefusalReason.OPERATING_HOURS_IN_USE, queue_ids=queue_ids)
    delete_rows(session, HolidayRow, col(HolidayRow.operating_hours_id) == hours_id)
    session.delete(row)
    note_change(session)


def _set_holidays(session: Session, hours_id: str, hours: Hours) -> None:
    delete_rows(session, HolidayRow, col(HolidayRow.operating_hours_id) == hours_id)
    for each in hours.holidays:
        session.add(
            HolidayRow(
                id=new_id(),
                operating_hours_id=hours_id,
                name=each.name,
                first_day=each.first_day,
                last_day=each.last_day,
            )
        )
    session.flush()


def read_hours(session: Session, ids: Collection[str]) -> dict[str, Hours]:
    """Operating hours as rules judge them, by id: two statements, or none for none."""
    if not ids:
        return {}
    rows = session.exec(select(OperatingHours).where(col(OperatingHours.id).in_(ids))).all()
    holidays: dict[str, list[Holiday]] = {row.id: [] for row in rows}
    for holiday in _holidays_of(session, ids):
        holidays[holiday.operating_hours_id].append(
            Holiday(holiday.name, holiday.first_day, holiday.last_day)
        )
    return {row.id: Hours(row.timezone, intervals_of(row), tuple(holidays[row.id])) for row in rows}


def hours_of_queue(session: Session, queue_id: str) -> Hours | None:
    """The operating hours of a queue; None for one that has none: one statement then."""
    hours_id = session.exec(select(Queue.operating_hours_id).where(Queue.id == queue_id)).first()
    return read_hours(session, [hours_id]).get(hours_id) if hours_id is not None else None


def intervals_of(row: OperatingHours) -> tuple[WeeklyInterval, ...]:
    """The weekly intervals of operating hours."""
    return tuple(from_json_value(WeeklyInterval, each) for each in row.weekly)


def _holidays_of(session: Session, ids: Collection[str]) -> list[HolidayRow]:
    return list(
        session.exec(
            select(HolidayRow)
            .where(col(HolidayRow.operating_hours_id).in_(ids))
            .order_by(col(HolidayRow.first_day), col(HolidayRow.id))
        )
    )
