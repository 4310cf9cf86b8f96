"""Reports of a period: a line for each queue, agent or workstream, for all of it or for each of its days."""

from dataclasses import asdict, fields
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from api.http.problem_docs import problems
from api.http.slow_reads import LongReadsDep
from api.reports.csv_rows import to_csv
from api.reports.parameters import Format, ReportParameters, ReportParametersDep
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from base import clock
from domain.access.roles import Role
from domain.reports.metrics import Metrics, metrics_of
from store.reports.reports import (
    EVERYTHING,
    Dimension,
    Report,
    ReportRow,
    Scope,
    read_report,
    scope_of_queues_served_by,
)

CSV = "text/csv"
_METRICS = tuple(each.name for each in fields(Metrics))
_HEADER = ("day", "id", "name", *_METRICS)

router = api_router("reports")


class ReportLine(BaseModel):
    """The metrics of one queue, agent or workstream. `day` is null for the whole period.

    `name` is null where there is no such thing any more.
    """

    day: date | None
    id: str
    name: str | None
    metrics: Metrics


class ReportView(BaseModel):
    """A report of a period, up to now.

    What is before `summed_until` is kept as sums of days of UTC, whatever `time_zone` says.
    """

    time_zone: str
    summed_until: datetime | None
    items: list[ReportLine]


_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {CSV: {"schema": {"type": "string"}}}},
    **problems("report_too_large", "too_many_requests", "read_too_slow"),
}


@router.get("/v1/reports/queues", response_model=ReportView, responses=_RESPONSES)
async def get_queue_report(
    request: Request, long_reads: LongReadsDep, caller: Caller, wanted: ReportParametersDep
) -> Response | ReportView:
    """The metrics of queues; for supervisors, of those that they serve. See docs/reference/metrics.md."""
    report = await _read(request, long_reads, caller, Dimension.QUEUE, wanted)
    return _answer(request, report, wanted)


@router.get("/v1/reports/agents", response_model=ReportView, responses=_RESPONSES)
async def get_agent_report(
    request: Request, long_reads: LongReadsDep, caller: Caller, wanted: ReportParametersDep
) -> Response | ReportView:
    """The metrics of agents: for agents their own, for supervisors the work of queues that they serve."""
    report = await _read(request, long_reads, caller, Dimension.AGENT, wanted)
    return _answer(request, report, wanted)


@router.get("/v1/reports/workstreams", response_model=ReportView, responses=_RESPONSES)
async def get_workstream_report(
    request: Request, long_reads: LongReadsDep, caller: Caller, wanted: ReportParametersDep
) -> Response | ReportView:
    """The metrics of workstreams; for supervisors, what was done in queues that they serve."""
    report = await _read(request, long_reads, caller, Dimension.WORKSTREAM, wanted)
    return _answer(request, report, wanted)


async def _read(
    request: Request,
    long_reads: LongReadsDep,
    caller: Principal,
    dimension: Dimension,
    wanted: ReportParameters,
) -> Report:
    now = clock.now()

    def work(session: Session) -> Report:
        scope = _scope(session, caller)
        return read_report(session, dimension, wanted.period, scope, now, by_day=wanted.by_day)

    return await long_reads.read(request, caller.agent_id, work)


def _scope(session: Session, caller: Principal) -> Scope:
    match caller.role:
        case Role.ADMIN:
            return EVERYTHING
        case Role.SUPERVISOR:
            return scope_of_queues_served_by(session, caller.agent_id)
        case _:
            return Scope(own_agent_id=caller.agent_id)


def _answer(request: Request, report: Report, wanted: ReportParameters) -> Response | ReportView:
    if wanted.format is Format.CSV or (wanted.format is None and _prefers_csv(request)):
        name = f"report-{wanted.period.first}-{wanted.period.last}.csv"
        return Response(
            to_csv(_HEADER, map(_csv_row, report.rows)),
            media_type=CSV,
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Vary": "Accept"},
        )
    return ReportView(
        time_zone=wanted.period.timezone,
        summed_until=report.summed_until,
        items=[
            ReportLine(day=row.day, id=row.id, name=row.name, metrics=metrics_of(row.measures))
            for row in report.rows
        ],
    )


def _csv_row(row: ReportRow) -> list[object]:
    metrics = asdict(metrics_of(row.measures))
    return [row.day, row.id, row.name, *(metrics[name] for name in _METRICS)]


def _prefers_csv(request: Request) -> bool:
    """Whether CSV is accepted and JSON is not."""
    listed = request.headers.get("accept", "").split(",")
    accepted = {each.partition(";")[0].strip().lower() for each in listed}
    return CSV in accepted and not accepted & {"application/json", "application/*", "*/*"}
