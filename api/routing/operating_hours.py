"""Operating hours of queues: weekly intervals of local time, and holidays."""

from datetime import date, datetime, time
from typing import Annotated, Self

from fastapi import Query, Response
from pydantic import AfterValidator, BaseModel, Field, StringConstraints
from sqlmodel import Session

from api.http.dependencies import DatabaseDep, SettingsDep
from api.http.fields import Input, Name, OptionalIdempotencyKey, PathId
from api.http.paging import Cursor, CursorById, CursorPage, Limit
from api.http.problem_docs import problems
from api.http.problems import Problem
from api.routing.inputs import Count
from api.routing.public_holidays import CountryUnknownError, public_holidays
from api.security.audit import record
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from api.security.idempotency import once
from base import clock
from base.ids import new_id
from domain.events.kinds import FactKind
from domain.routing import operating_hours as rules
from store.access.idempotency import create_once
from store.routing import hours
from store.tables import OperatingHours

_BY_ID = CursorById("operating_hours")
_Subdivision = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,10}$")]
_FIRST_YEAR, _LAST_YEAR = 2000, 2100

router = api_router("operating hours")


def _to_the_minute(value: time) -> time:
    if value.second or value.microsecond or value.tzinfo is not None:
        raise ValueError("This must be a local time to the minute, such as 09:30.")
    return value


def _in_our_time(value: date) -> date:
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise ValueError(f"This must be a day of the years {_FIRST_YEAR} to {_LAST_YEAR}.")
    return value


LocalTime = Annotated[time, AfterValidator(_to_the_minute)]
Day = Annotated[date, AfterValidator(_in_our_time)]


class WeeklyIntervalInput(Input):
    """Open from `opens` on `weekday` (Monday is 0) to `closes`; on the next day where that is not later."""

    weekday: Count
    opens: LocalTime
    closes: LocalTime


class HolidayInput(Input):
    """Days on which it is closed; `last_day` is one of them."""

    name: Name
    first_day: Day
    last_day: Day


class OperatingHoursInput(Input):
    """Operating hours in a time zone of the IANA database, such as `Europe/Berlin`."""

    name: Name
    timezone: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+\-/]{1,64}$")]
    intervals: Annotated[list[WeeklyIntervalInput], Field(max_length=rules.MAX_INTERVALS)]
    holidays: Annotated[list[HolidayInput], Field(max_length=rules.MAX_HOLIDAYS)] = Field(
        default_factory=list
    )

    @property
    def hours(self) -> rules.OperatingHours:
        """The hours as the rules judge them."""
        return rules.OperatingHours(
            self.timezone,
            tuple(rules.WeeklyInterval(each.weekday, each.opens, each.closes) for each in self.intervals),
            tuple(rules.Holiday(each.name, each.first_day, each.last_day) for each in self.holidays),
        )


class WeeklyIntervalView(BaseModel):
    """An interval of each week, in local time."""

    weekday: int
    opens: str
    closes: str


class HolidayView(BaseModel):
    """Days on which it is closed."""

    name: str
    first_day: date
    last_day: date


class OperatingHoursView(BaseModel):
    """Operating hours, with whether it is open now and when that changes."""

    id: str
    name: str
    timezone: str
    intervals: list[WeeklyIntervalView]
    holidays: list[HolidayView]
    is_open: bool
    changes_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, row: OperatingHours, known: rules.OperatingHours, now: datetime) -> Self:
        """The hours as they are set."""
        return cls(
            id=row.id,
            name=row.name,
            timezone=row.timezone,
            intervals=[
                WeeklyIntervalView(
                    weekday=each.weekday, opens=f"{each.opens:%H:%M}", closes=f"{each.closes:%H:%M}"
                )
                for each in known.intervals
            ],
            holidays=[HolidayView.model_validate(each, from_attributes=True) for each in known.holidays],
            is_open=known.is_open(now),
            changes_at=known.next_change(now),
            created_at=row.created_at,
        )


@router.get("/v1/operating-hours")
async def list_operating_hours(
    database: DatabaseDep, cursor: Cursor = None, limit: Limit = 50
) -> CursorPage[OperatingHoursView]:
    """All operating hours."""
    after, now = _BY_ID.read(cursor), clock.now()

    def load(session: Session) -> CursorPage[OperatingHoursView]:
        found = hours.listed(session, after=after, limit=limit + 1)
        known = hours.read_hours(session, [each.id for each in found])
        return _BY_ID.page(found, limit, lambda each: OperatingHoursView.of(each, known[each.id], now))

    return await database.read(load)


@router.post(
    "/v1/operating-hours",
    status_code=201,
    responses=problems("name_taken", "limit_reached", "idempotency_key_reused"),
)
async def create_operating_hours(
    settings: SettingsDep,
    database: DatabaseDep,
    caller: Caller,
    *,
    body: OperatingHoursInput,
    idempotency_key: OptionalIdempotencyKey = None,
) -> OperatingHoursView:
    """Add operating hours. Queues name them as their `operating_hours_id`."""
    wanted = once(settings.vault, caller, idempotency_key, "create_operating_hours", body)

    def create(session: Session, hours_id: str) -> None:
        hours.add(session, hours_id, body.name, body.hours, clock.now())
        _record(session, caller, FactKind.OPERATING_HOURS_CREATED, hours_id)

    def work(session: Session) -> OperatingHoursView:
        fresh = new_id()
        return _view(
            session, create_once(session, wanted, fresh, lambda: create(session, fresh), clock.now())
        )

    return await database.write(work)


@router.get("/v1/operating-hours/{hours_id}", responses=problems("not_found"))
async def get_operating_hours(database: DatabaseDep, hours_id: PathId) -> OperatingHoursView:
    """One row of operating hours."""
    return await database.read(lambda s: _view(s, hours_id))


@router.put("/v1/operating-hours/{hours_id}", responses=problems("not_found", "name_taken"))
async def change_operating_hours(
    database: DatabaseDep, caller: Caller, hours_id: PathId, body: OperatingHoursInput
) -> OperatingHoursView:
    """Let operating hours be these from now on."""

    def work(session: Session) -> OperatingHoursView:
        hours.change(session, hours_id, body.name, body.hours)
        _record(session, caller, FactKind.OPERATING_HOURS_CHANGED, hours_id)
        return _view(session, hours_id)

    return await database.write(work)


@router.delete(
    "/v1/operating-hours/{hours_id}",
    status_code=204,
    responses=problems("not_found", "operating_hours_in_use"),
)
async def delete_operating_hours(database: DatabaseDep, caller: Caller, hours_id: PathId) -> Response:
    """Delete operating hours that no queue has."""

    def work(session: Session) -> None:
        hours.delete(session, hours_id)
        _record(session, caller, FactKind.OPERATING_HOURS_DELETED, hours_id)

    await database.write(work)
    return Response(status_code=204)


@router.post(
    "/v1/operating-hours/{hours_id}/holidays/import", responses=problems("not_found", "unknown_country")
)
async def import_holidays(
    database: DatabaseDep,
    caller: Caller,
    *,
    hours_id: PathId,
    country: Annotated[str, Query(pattern=r"^[A-Z]{2}$")],
    year: Annotated[int, Query(ge=_FIRST_YEAR, le=_LAST_YEAR)],
    subdivision: Annotated[_Subdivision | None, Query()] = None,
) -> OperatingHoursView:
    """Add the public holidays of a country and a year. Days that are holidays already stay as they are.

    `subdivision`: a state or province by its ISO code, such as `BY`, whose own holidays come with it.
    """
    try:
        found = public_holidays(country, year, subdivision)
    except CountryUnknownError as error:
        raise Problem("unknown_country") from error

    def work(session: Session) -> OperatingHoursView:
        row = hours.get(session, hours_id)
        hours.add_holidays(session, row, found)
        _record(session, caller, FactKind.OPERATING_HOURS_CHANGED, hours_id)
        return _view(session, hours_id)

    return await database.write(work)


def _view(session: Session, hours_id: str) -> OperatingHoursView:
    row = hours.get(session, hours_id)
    return OperatingHoursView.of(row, hours.read_hours(session, [hours_id])[hours_id], clock.now())


def _record(session: Session, caller: Principal, kind: FactKind, hours_id: str) -> None:
    record(session, caller, kind, operating_hours_id=hours_id)
