"""How queues stand when a conversation is about to enter one of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, exists
from sqlmodel import Session, col, func, select

from base.json_codec import from_json_value
from domain.routing.operating_hours import ALWAYS_OPEN, OperatingHours
from domain.routing.overflow import OverflowCondition, OverflowPolicy, QueueLoad
from domain.routing.route_to_queue import CandidateQueue, RouteMatches, WhenEmpty
from store.db.sql import FOR_NO_KEY_UPDATE, delete_rows, insert_or_ignore, row_of
from store.routing.hours import read_hours
from store.routing.slot_states import WorkItemState
from store.tables import Agent, Queue, QueueMember, QueueStay, WorkItem

ENTERING_VALID_FOR = timedelta(minutes=10)
"""A conversation that was to enter a queue and never did counts no longer."""

_STAYS_LOOKED_AT = 50

_HAS_AGENTS = (
    exists()
    .where(
        col(QueueMember.queue_id) == col(Queue.id),
        col(Agent.id) == col(QueueMember.agent_id),
        col(Agent.active),
    )
    .correlate(Queue)
)
_READ_OF_QUEUES: tuple[Any, ...] = (
    col(Queue.id),
    col(Queue.overflow),
    col(Queue.operating_hours_id),
    col(Queue.when_empty),
    _HAS_AGENTS.label("has_agents"),
)
_ENTRY_SETTINGS = (
    select(*_READ_OF_QUEUES)
    .where(col(Queue.id).in_(bindparam("ids", expanding=True)))
    .order_by(col(Queue.id))
)
_LOCKED_ENTRY_SETTINGS = _ENTRY_SETTINGS.with_for_update(**FOR_NO_KEY_UPDATE)


@dataclass(frozen=True, slots=True)
class EntrySettings:
    """What of a queue decides about conversations that enter it."""

    id: str
    policy: OverflowPolicy
    hours: OperatingHours
    when_empty: WhenEmpty = WhenEmpty.KEEP
    has_agents: bool = True

    @property
    def is_same_at_any_time(self) -> bool:
        """Whether neither hours nor an overflow make it differ from one moment to the next."""
        return self.hours == ALWAYS_OPEN and self.policy == OverflowPolicy()


def read_queues(session: Session, ids: list[str], *, lock: bool = False) -> dict[str, EntrySettings]:
    """Settings of queues by id. `lock`: nobody else enters one with a limit until the transaction ends."""
    if not ids:
        return {}
    statement = _LOCKED_ENTRY_SETTINGS if lock else _ENTRY_SETTINGS
    rows = session.connection().execute(statement, {"ids": ids}).all()
    hours = read_hours(session, {row.operating_hours_id for row in rows if row.operating_hours_id})
    return {
        row.id: EntrySettings(
            row.id,
            from_json_value(OverflowPolicy, row.overflow),
            hours.get(row.operating_hours_id or "", ALWAYS_OPEN),
            WhenEmpty(row.when_empty),
            bool(row.has_agents),
        )
        for row in rows
    }


def is_there(session: Session, queue_id: str) -> bool:
    """Whether there is such a queue, still."""
    return session.get(Queue, queue_id) is not None


def has_agents(session: Session, queue_id: str) -> bool:
    """Whether anybody who is active serves the queue."""
    return bool(session.exec(select(_HAS_AGENTS).where(Queue.id == queue_id)).first())


def read_states(
    session: Session,
    queues: Mapping[str, EntrySettings],
    matches: RouteMatches,
    now: datetime,
    conversation_id: str,
) -> dict[str, CandidateQueue]:
    """How queues stand that matched. What no condition asks for is not looked at."""
    return {
        queue_id: CandidateQueue(
            _load(session, queue, matches, now, conversation_id), queue.policy, queue.hours.opens_at(now)
        )
        for queue_id, queue in queues.items()
    }


def _load(
    session: Session, queue: EntrySettings, matches: RouteMatches, now: datetime, conversation_id: str
) -> QueueLoad:
    asked = _conditions(queue, matches)
    most = matches.counts_to(queue.id, queue.policy)
    return QueueLoad(
        waiting=_count(session, queue.id, conversation_id, most) if most is not None else 0,
        oldest_entered_at=_oldest(session, queue.id) if asked & {OverflowCondition.LONGEST_WAIT} else None,
        estimated_wait=_estimate(session, queue.id) if OverflowCondition.ESTIMATED_WAIT in asked else None,
        in_hours=queue.hours.is_open(now),
        holiday=queue.hours.holiday_at(now) is not None,
    )


def _conditions(queue: EntrySettings, matches: RouteMatches) -> set[OverflowCondition]:
    rules = [step.rule_id for step in matches.steps if step.queue_id == queue.id]
    policies = [matches.overflow.get(rule_id, queue.policy) for rule_id in rules]
    return {pair.condition for policy in policies for pair in policy.before}


def _count(session: Session, queue_id: str, conversation_id: str, most: int) -> int:
    """How many others wait in a queue, up to `most`. What is being offered to somebody does not wait."""
    few = (
        select(WorkItem.conversation_id)
        .where(
            WorkItem.queue_id == queue_id,
            WorkItem.state != WorkItemState.CLAIMED,
            WorkItem.conversation_id != conversation_id,
        )
        .limit(most)
        .subquery()
    )
    return session.exec(select(func.count()).select_from(few)).one()


def _oldest(session: Session, queue_id: str) -> datetime | None:
    return session.exec(
        select(WorkItem.age_at)
        .where(WorkItem.queue_id == queue_id, WorkItem.state != WorkItemState.ENTERING)
        .order_by(col(WorkItem.age_at))
        .limit(1)
    ).first()


def _estimate(session: Session, queue_id: str) -> float | None:
    """The mean wait in seconds of those who entered the queue last and were accepted."""
    stays = session.exec(
        select(QueueStay.entered_at, QueueStay.accepted_at)
        .where(QueueStay.queue_id == queue_id)
        .order_by(col(QueueStay.entered_at).desc())
        .limit(_STAYS_LOOKED_AT)
    ).all()
    waits = [(accepted - entered).total_seconds() for entered, accepted in stays if accepted is not None]
    return sum(waits) / len(waits) if waits else None


def forget_stale_entries(session: Session, queue_ids: list[str], now: datetime) -> None:
    """Delete what was about to enter queues and never did."""
    delete_rows(
        session,
        WorkItem,
        col(WorkItem.queue_id).in_(queue_ids),
        col(WorkItem.state) == WorkItemState.ENTERING,
        col(WorkItem.written_at) < now - ENTERING_VALID_FOR,
    )


def note_entering(
    session: Session, queue_id: str, conversation_id: str, priority: int, now: datetime
) -> None:
    """Count a conversation against the limit of its queue until its workflow has its item written."""
    delete_rows(
        session,
        WorkItem,
        col(WorkItem.conversation_id) == conversation_id,
        col(WorkItem.state) == WorkItemState.ENTERING,
    )
    row = row_of(
        WorkItem,
        conversation_id=conversation_id,
        stay=0,
        queue_id=queue_id,
        state=WorkItemState.ENTERING.value,
        priority=priority,
        age_at=now,
        written_at=now,
    )
    insert_or_ignore(session, WorkItem, [row])
