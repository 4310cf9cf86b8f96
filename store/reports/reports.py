"""Reading a report: the sums of old days, and what has happened since, put together."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from domain.reports.measures import Cell, Measures, add_up, measure
from domain.routing.local_days import instant_of
from store.db.refusals import RefusalReason, StoreRefusalError
from store.reports.daily import read_sums, summed_until
from store.reports.limits import MAX_ROWS
from store.reports.records import read_records
from store.tables import Agent, Queue, QueueMember, Workstream


class Dimension(StrEnum):
    """What the lines of a report are of."""

    QUEUE = "queue"
    AGENT = "agent"
    WORKSTREAM = "workstream"

    def key_of(self, cell: Cell) -> str | None:
        """The id of it that a cell is of."""
        match self:
            case Dimension.QUEUE:
                return cell.queue_id
            case Dimension.AGENT:
                return cell.agent_id
            case Dimension.WORKSTREAM:
                return cell.workstream_id


_NAMED: dict[Dimension, type[Queue] | type[Agent] | type[Workstream]] = {
    Dimension.QUEUE: Queue,
    Dimension.AGENT: Agent,
    Dimension.WORKSTREAM: Workstream,
}


@dataclass(frozen=True, slots=True)
class Period:
    """Local days of a time zone, `last` included."""

    first: date
    last: date
    timezone: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose work may be seen: that of queues, with the agents who serve them, or that of one agent.

    None of it set: all.
    """

    queue_ids: frozenset[str] | None = None
    agent_ids: frozenset[str] | None = None
    own_agent_id: str | None = None

    def includes(self, cell: Cell) -> bool:
        """Whether the measures of a cell may be seen."""
        if self.own_agent_id is not None:
            return cell.agent_id == self.own_agent_id
        if self.queue_ids is None or self.agent_ids is None:
            return True
        return cell.queue_id in self.queue_ids if cell.queue_id else cell.agent_id in self.agent_ids


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One line of a report. `day` None: of the whole period. `name` None: there is no such thing any more."""

    day: date | None
    id: str
    name: str | None
    measures: Measures


@dataclass(frozen=True, slots=True)
class Report:
    """Lines by day and id. Days before `summed_until` are days of UTC: they are summed up."""

    rows: list[ReportRow]
    summed_until: datetime | None


def scope_of_queues_served_by(session: Session, agent_id: str) -> Scope:
    """The queues that somebody serves, and the agents who serve them too."""
    own = select(QueueMember.queue_id).where(QueueMember.agent_id == agent_id)
    colleagues = select(QueueMember.agent_id).where(col(QueueMember.queue_id).in_(own)).distinct()
    return Scope(frozenset(session.exec(own)), frozenset(session.exec(colleagues)))


def read_cells(session: Session, period: Period, now: datetime) -> dict[Cell, Measures]:
    """All measures of a period up to now."""
    zone = ZoneInfo(period.timezone)
    begin = instant_of(zone, period.first, time(0))
    end = min(instant_of(zone, period.last + timedelta(days=1), time(0)), now)
    until = summed_until(session)
    parts = []
    if until is not None:
        begin = max(begin, until)
        parts.append(read_sums(session, period.first, min(period.last, until.date() - timedelta(days=1))))
    if begin < end:
        parts.append(measure(read_records(session, begin, end), period.timezone))
    return add_up(item for part in parts for item in part.items())


def read_report(
    session: Session,
    dimension: Dimension,
    period: Period,
    scope: Scope,
    now: datetime,
    *,
    by_day: bool,
) -> Report:
    """The report of a period up to now. Refused as `report_too_large`."""
    sums: dict[tuple[date | None, str], Measures] = {}
    for cell, measures in read_cells(session, period, now).items():
        key = dimension.key_of(cell)
        if key is not None and scope.includes(cell):
            sums.setdefault((cell.day if by_day else None, key), Measures()).add(measures)
    if len(sums) > MAX_ROWS:
        raise StoreRefusalError(RefusalReason.REPORT_TOO_LARGE)
    names = _names(session, dimension, {key for _, key in sums})
    rows = [ReportRow(day, key, names.get(key), measures) for (day, key), measures in sums.items()]
    return Report(sorted(rows, key=lambda row: (row.day or date.min, row.id)), summed_until(session))


def _names(session: Session, dimension: Dimension, ids: Collection[str]) -> Mapping[str, str]:
    model = _NAMED[dimension]
    return dict(session.exec(select(model.id, model.name).where(col(model.id).in_(ids))).all())
