"""What the conversations of a period were about, as those say who ended them."""

from dataclasses import dataclass
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, select

from domain.conversations.lifecycle import Status
from domain.routing.local_days import instant_of
from store.reports.reports import Period, Scope
from store.tables import Conversation, DispositionCode


@dataclass(frozen=True, slots=True)
class DispositionCount:
    """How many closed conversations of a workstream have a code. None: they have none."""

    workstream_id: str | None
    disposition_code_id: str | None
    name: str | None
    conversations: int


def count_dispositions(session: Session, period: Period, scope: Scope) -> list[DispositionCount]:
    """The conversations that began in a period and are closed, by workstream and code."""
    zone = ZoneInfo(period.timezone)
    begin = instant_of(zone, period.first, time(0))
    end = instant_of(zone, period.last + timedelta(days=1), time(0))
    code_id, workstream_id = col(Conversation.disposition_code_id), col(Conversation.workstream_id)
    counted = (
        select(workstream_id, code_id, col(DispositionCode.name), func.count())
        .outerjoin(DispositionCode, col(DispositionCode.id) == code_id)
        .where(
            col(Conversation.opened_at) >= begin,
            col(Conversation.opened_at) < end,
            Conversation.status == Status.CLOSED.value,
        )
        .group_by(workstream_id, code_id, col(DispositionCode.name))
    )
    if scope.queue_ids is not None:
        counted = counted.where(col(Conversation.queue_id).in_(scope.queue_ids))
    found = [DispositionCount(*row) for row in session.exec(counted)]
    return sorted(found, key=lambda each: (each.workstream_id or "", -each.conversations, each.name or ""))
