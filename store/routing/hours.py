"""Operating hours and their holidays."""

from collections.abc import Collection

from sqlmodel import Session, col, select

from base.json_codec import from_json_value
from domain.routing.operating_hours import Holiday, WeeklyInterval
from domain.routing.operating_hours import OperatingHours as Hours
from store.tables import Holiday as HolidayRow
from store.tables import OperatingHours


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
