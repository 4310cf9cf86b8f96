"""What the conversations of a period were about: how many have which disposition code."""

from typing import Self

from pydantic import BaseModel
from sqlmodel import Session
from starlette.requests import Request

from api.http.problem_docs import problems
from api.http.slow_reads import LongReadsDep
from api.reports.parameters import PeriodDep
from api.security.auth import Caller
from api.security.guarded_route import api_router
from domain.access.roles import Role
from store.reports.dispositions import DispositionCount, count_dispositions
from store.reports.reports import EVERYTHING, scope_of_queues_served_by

router = api_router("reports")


class DispositionLine(BaseModel):
    """How many conversations of a workstream have a code; null where they have none.

    `name` is null, too, where the code was deleted.
    """

    workstream_id: str | None
    disposition_code_id: str | None
    name: str | None
    conversations: int

    @classmethod
    def of(cls, count: DispositionCount) -> Self:
        """The line of a count."""
        return cls.model_validate(count, from_attributes=True)


class DispositionReportView(BaseModel):
    """The lines of each workstream, the most frequent code first."""

    time_zone: str
    items: list[DispositionLine]


@router.get("/v1/reports/dispositions", responses=problems("too_many_requests", "read_too_slow"))
async def get_disposition_report(
    request: Request, long_reads: LongReadsDep, caller: Caller, period: PeriodDep
) -> DispositionReportView:
    """What the closed conversations that began in a period were about; for supervisors, of their queues."""

    def work(session: Session) -> list[DispositionCount]:
        sees_all = caller.role is Role.ADMIN
        scope = EVERYTHING if sees_all else scope_of_queues_served_by(session, caller.agent_id)
        return count_dispositions(session, period, scope)

    found = await long_reads.read(request, caller.agent_id, work)
    return DispositionReportView(
        time_zone=period.timezone, items=[DispositionLine.of(each) for each in found]
    )
