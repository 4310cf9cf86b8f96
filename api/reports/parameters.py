"""What a report is asked for by."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Query
from pydantic import AfterValidator, StringConstraints

from api.http.problems import Problem
from store.reports.reports import Period

MAX_PERIOD = timedelta(days=397)
"""Thirteen months."""

_FIRST_DAY, _LAST_DAY = date(1970, 1, 2), date(9998, 12, 30)


class GroupBy(StrEnum):
    """What a report has a line for besides each queue, agent or workstream."""

    DAY = "day"


class Format(StrEnum):
    """How a report is written."""

    JSON = "json"
    CSV = "csv"


def _known_timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, OSError, ValueError) as error:  # not found, a directory, no name of a file
        raise ValueError("There is no such time zone. Use a name such as Europe/Berlin.") from error
    return value


def _in_calendar(value: date) -> date:
    if not _FIRST_DAY <= value <= _LAST_DAY:
        raise ValueError("This must be a day from the year 1970 to the year 9998.")
    return value


_Day = Annotated[date, AfterValidator(_in_calendar)]
_TimeZone = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_+/-]{1,64}$"),
    AfterValidator(_known_timezone),
    Query(description="Whose days they are: a name of the IANA database, such as `Europe/Berlin`."),
]


@dataclass(frozen=True, slots=True)
class ReportParameters:
    """What a report is asked for by."""

    period: Period
    by_day: bool
    format: Format | None


async def _period(
    *,
    from_: Annotated[_Day, Query(alias="from", description="The first day, such as 2026-11-01.")],
    to: Annotated[_Day, Query(description="The last day, included. A period has at most 397 days.")],
    time_zone: _TimeZone = "UTC",
) -> Period:
    if to < from_:
        raise _wrong_period("This must be the first day or later.")
    if to - from_ >= MAX_PERIOD:
        raise _wrong_period(f"A period has at most {MAX_PERIOD.days} days.")
    return Period(from_, to, time_zone)


PeriodDep = Annotated[Period, Depends(_period)]


async def _parameters(
    period: PeriodDep,
    *,
    group_by: Annotated[GroupBy | None, Query(description="A line for each day of the period.")] = None,
    format: Annotated[  # noqa: A002 - the parameter's name
        Format | None, Query(description="Instead of what `Accept` asks for.")
    ] = None,
) -> ReportParameters:
    return ReportParameters(period, group_by is GroupBy.DAY, format)


def _wrong_period(message: str) -> Problem:
    error = {"where": ["query", "to"], "type": "not_allowed", "message": message}
    return Problem("invalid_request", errors=[error])


ReportParametersDep = Annotated[ReportParameters, Depends(_parameters)]
