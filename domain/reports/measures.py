"""What is counted and added up of records. Everything here can be added, over days, queues and agents.

Times are whole milliseconds, so that a sum does not depend on the order of its parts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.reports.records import (
    RESPONSE_LOOKBACK,
    ConversationRecord,
    MessageRecord,
    QueueStayRecord,
    QueueTerms,
    Records,
    SessionEnd,
    SessionRecord,
)
from domain.routing.local_days import instant_of
from domain.routing.operating_hours import ALWAYS_OPEN
from domain.routing.presence import PresenceKind

FAST_RESPONSE = timedelta(seconds=60)
"""Who answers within it is in time, for first responses and all others."""

ON_DUTY = frozenset({PresenceKind.AVAILABLE, PresenceKind.BUSY, PresenceKind.DO_NOT_DISTURB})
"""Presences in which an agent's capacity is there. Do not disturb is also what a full agent is shown as."""

_MILLISECOND = timedelta(milliseconds=1)
_DAY = timedelta(days=1)


@dataclass(slots=True)
class Measures:
    """Sums and counts. docs/reference/metrics.md says what each means; `_ms` are milliseconds."""

    incoming: int = 0
    started_by_agents: int = 0
    engaged: int = 0
    closed: int = 0
    conversation_ms: int = 0
    abandoned: int = 0
    abandoned_early: int = 0
    first_wait_ms: int = 0
    first_responses: int = 0
    first_response_ms: int = 0
    first_responses_in_time: int = 0
    waits: int = 0
    wait_ms: int = 0
    wait_in_hours_ms: int = 0
    service_level_waits: int = 0
    service_level_met: int = 0
    offers: int = 0
    offers_accepted: int = 0
    offers_declined: int = 0
    offers_timed_out: int = 0
    sessions: int = 0
    sessions_ended: int = 0
    handle_ms: int = 0
    transfers: int = 0
    messages_in: int = 0
    messages_out: int = 0
    responses: int = 0
    response_ms: int = 0
    responses_in_time: int = 0
    on_duty_ms: int = 0
    capacity_unit_ms: int = 0
    used_unit_ms: int = 0

    def add(self, other: "Measures") -> None:
        """Add what another part has."""
        for name in NAMES:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def as_dict(self) -> dict[str, int]:
        """What is not 0, by name."""
        return {name: value for name in NAMES if (value := getattr(self, name))}


NAMES = tuple(each.name for each in fields(Measures))


@dataclass(frozen=True, slots=True)
class Cell:
    """What measures are of: a local day, and a queue, a workstream and an agent, or none."""

    day: date
    queue_id: str | None = None
    workstream_id: str | None = None
    agent_id: str | None = None


def measure(records: Records, timezone: str) -> dict[Cell, Measures]:
    """The measures of a period, by local day, queue, workstream and agent. Each record is in one cell."""
    return _Measuring(records, ZoneInfo(timezone)).done()


def add_up(parts: Iterable[tuple[Cell, Measures]]) -> dict[Cell, Measures]:
    """Parts of which several may have the same cell."""
    sums: dict[Cell, Measures] = {}
    for cell, measures in parts:
        sums.setdefault(cell, Measures()).add(measures)
    return sums


class _Measuring:
    def __init__(self, records: Records, zone: ZoneInfo) -> None:
        self._records = records
        self._zone = zone
        self._cells: dict[Cell, Measures] = {}

    def done(self) -> dict[Cell, Measures]:
        for conversation in self._records.conversations:
            self._conversation(conversation)
        for stay in self._records.stays:
            self._stay(stay)
        for session in self._records.sessions:
            self._session(session)
        self._messages()
        self._presence()
        return self._cells

    def _cell(
        self, at: datetime, queue_id: str | None, workstream_id: str | None, agent_id: str | None
    ) -> Measures:
        cell = Cell(at.astimezone(self._zone).date(), queue_id, workstream_id, agent_id)
        return self._cells.setdefault(cell, Measures())

    def _conversation(self, each: ConversationRecord) -> None:
        cell = self._cell(each.opened_at, each.queue_id, each.workstream_id, each.agent_id)
        if each.closed_at is not None:
            cell.closed += 1
            cell.conversation_ms += _ms(each.closed_at - each.opened_at)
        if each.is_started_by_agent:
            cell.started_by_agents += 1
            return
        terms = self._records.terms_of(each.queue_id)
        cell.incoming += 1
        if each.accepted_at is not None:
            cell.engaged += 1
            cell.first_wait_ms += _ms(each.accepted_at - each.opened_at)
        elif each.closed_at is not None and each.closed_at - each.opened_at > terms.short_abandon:
            cell.abandoned += 1
        elif each.closed_at is not None:
            cell.abandoned_early += 1
        if each.first_reply_at is not None:
            took = _in_hours(terms, each.opened_at, each.first_reply_at)
            cell.first_responses += 1
            cell.first_response_ms += _ms(took)
            cell.first_responses_in_time += took <= FAST_RESPONSE

    def _stay(self, each: QueueStayRecord) -> None:
        if each.accepted_at is None:
            return
        terms = self._records.terms_of(each.queue_id)
        in_hours = each.wait_in_hours
        if in_hours is None:
            in_hours = _in_hours(terms, each.entered_at, each.accepted_at)
        cell = self._cell(each.entered_at, each.queue_id, each.workstream_id, each.agent_id)
        cell.waits += 1
        cell.wait_ms += _ms(each.accepted_at - each.entered_at)
        cell.wait_in_hours_ms += _ms(in_hours)
        if terms.service_level is not None:
            cell.service_level_waits += 1
            cell.service_level_met += in_hours <= terms.service_level

    def _session(self, each: SessionRecord) -> None:
        cell = self._cell(each.started_at, each.queue_id, each.workstream_id, each.agent_id)
        if each.is_offer:
            cell.offers += 1
            cell.offers_accepted += each.accepted_at is not None
            cell.offers_declined += each.accepted_at is None and each.end is SessionEnd.DECLINED
            cell.offers_timed_out += each.accepted_at is None and each.end is SessionEnd.TIMED_OUT
        if each.accepted_at is None:
            return
        cell.sessions += 1
        cell.transfers += each.end is SessionEnd.TRANSFERRED
        if each.ended_at is not None:
            cell.sessions_ended += 1
            cell.handle_ms += _ms(each.ended_at - each.accepted_at)

    def _messages(self) -> None:
        unanswered: dict[str, list[datetime]] = {}
        for each in self._records.messages:
            asked = unanswered.setdefault(each.conversation_id, [])
            if each.is_inbound:
                asked.append(each.at)
            if self._records.begin <= each.at < self._records.end:
                self._message(each, asked)
            if not each.is_inbound:
                asked.clear()

    def _message(self, each: MessageRecord, asked: list[datetime]) -> None:
        cell = self._cell(each.at, each.queue_id, each.workstream_id, each.agent_id)
        if each.is_inbound:
            cell.messages_in += 1
            return
        cell.messages_out += 1
        since = next((at for at in asked if at >= each.at - RESPONSE_LOOKBACK), None)
        if since is not None:
            took = _in_hours(self._records.terms_of(each.queue_id), since, each.at)
            cell.responses += 1
            cell.response_ms += _ms(took)
            cell.responses_in_time += took <= FAST_RESPONSE

    def _presence(self) -> None:
        for each in self._records.presence:
            if each.presence in ON_DUTY:
                for begin, end in self._days(each.begin, each.end):
                    cell = self._cell(begin, None, None, each.agent_id)
                    cell.on_duty_ms += _ms(end - begin)
                    cell.capacity_unit_ms += _ms(end - begin) * each.limit_units
        for slot in self._records.slots:
            for begin, end in self._days(slot.begin, slot.end):
                self._cell(begin, None, None, slot.agent_id).used_unit_ms += _ms(end - begin) * slot.units

    def _days(self, begin: datetime, end: datetime) -> Iterable[tuple[datetime, datetime]]:
        """The parts of an interval within the period, by local day."""
        begin, end = max(begin, self._records.begin), min(end, self._records.end)
        while begin < end:
            tomorrow = begin.astimezone(self._zone).date() + _DAY
            midnight = instant_of(self._zone, tomorrow, datetime.min.time())
            yield begin, min(midnight, end)
            begin = midnight


def measures_from(kept: Mapping[str, int]) -> Measures:
    """What `as_dict` gave; a name that is not measured any more is left out."""
    return Measures(**{name: value for name, value in kept.items() if name in NAMES})


def _in_hours(terms: QueueTerms, begin: datetime, end: datetime) -> timedelta:
    if terms.hours is ALWAYS_OPEN:
        return max(end - begin, timedelta(0))
    return timedelta(seconds=terms.hours.open_seconds(begin, end))


def _ms(time: timedelta) -> int:
    return max(time // _MILLISECOND, 0)
