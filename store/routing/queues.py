"""Queues and what is set for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, select

from base.json_codec import from_json_value, to_json_value
from domain.routing.assignment import Assignment, validate_assignment
from domain.routing.demand import DEFAULT_QUEUE_ID
from domain.routing.field_errors import FieldError, under
from domain.routing.overflow import NO_OVERFLOW, OverflowPolicy, validate_overflow
from domain.routing.route_to_queue import WhenEmpty
from store.db.refusals import RefusalReason, StoreRefusalError, not_found
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
from store.routing.dispatch_marks import MarkKind
from store.routing.members import SERVING_ROLES
from store.routing.rule_rows import assignment_of
from store.tables import (
    Agent,
    Conversation,
    Demand,
    OperatingHours,
    Queue,
    QueueMember,
    Rule,
    RuleSet,
    WorkItem,
    Workstream,
)

MAX_QUEUES = 500
_RESOURCE = "queue"
_USUAL_ASSIGNMENT = Assignment()
_FIXED_FOR_THE_DEFAULT = ("name", "priority", "when_empty")


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """What an admin sets. `priority`: the smaller goes first. Thresholds of reports are in seconds."""

    name: str
    priority: int = 100
    assignment: Assignment = _USUAL_ASSIGNMENT
    operating_hours_id: str | None = None
    overflow: OverflowPolicy = NO_OVERFLOW
    when_empty: WhenEmpty = WhenEmpty.KEEP
    service_level_seconds: int | None = None
    short_abandon_seconds: int | None = None


def get(session: Session, queue_id: str, *, served_by: str | None = None) -> Queue:
    """The queue; refused as `not_found`, also where `served_by` is no member."""
    queue = get_named(session, Queue, _RESOURCE, queue_id)
    if served_by is not None and session.get(QueueMember, (queue_id, served_by)) is None:
        raise not_found(_RESOURCE, queue_id)
    return queue


def listed(session: Session, *, after: str | None, limit: int, served_by: str | None = None) -> list[Queue]:
    """Queues by id. `served_by`: those of which this agent is a member."""
    if served_by is None:
        return list_named(session, Queue, after=after, limit=limit)
    statement = (
        select(Queue)
        .join(QueueMember, col(QueueMember.queue_id) == Queue.id)
        .where(QueueMember.agent_id == served_by)
        .order_by(col(Queue.id))
        .limit(limit)
    )
    return list(session.exec(statement if after is None else statement.where(col(Queue.id) > after)))


def settings_of(queue: Queue) -> QueueSettings:
    """What is set for a queue."""
    return QueueSettings(
        name=queue.name,
        priority=queue.priority,
        assignment=assignment_of(queue),
        operating_hours_id=queue.operating_hours_id,
        overflow=from_json_value(OverflowPolicy, queue.overflow),
        when_empty=WhenEmpty(queue.when_empty),
        service_level_seconds=queue.service_level_seconds,
        short_abandon_seconds=queue.short_abandon_seconds,
    )


def add(session: Session, queue_id: str, settings: QueueSettings, at: datetime) -> Queue:
    """A new queue without members."""
    queue = Queue(id=queue_id, name=settings.name, created_at=at)
    _apply(session, queue, settings)
    add_named(session, queue, MAX_QUEUES)
    note_change(session, (MarkKind.QUEUE, queue_id))
    return queue


def change(session: Session, queue_id: str, settings: QueueSettings) -> Queue:
    """Set all of it. The default queue keeps its name, its priority and its conversations."""
    queue = get(session, queue_id)
    before = settings_of(queue)
    changed = [name for name in _FIXED_FOR_THE_DEFAULT if getattr(before, name) != getattr(settings, name)]
    if queue.is_default and changed:
        raise StoreRefusalError(RefusalReason.DEFAULT_QUEUE, fields=changed)
    _apply(session, queue, settings)
    refuse_taken_name(session, queue)
    note_change(session, (MarkKind.QUEUE, queue_id))
    return queue


def delete(session: Session, queue_id: str) -> None:
    """Delete a queue that nothing names, and that no conversation is in or may come back to."""
    queue = session.get(Queue, queue_id, with_for_update=True) or get(session, queue_id)
    if queue.is_default:
        raise StoreRefusalError(RefusalReason.DEFAULT_QUEUE)
    uses = {name: value for name, value in _uses(session, queue_id).items() if value}
    if uses:
        raise StoreRefusalError(RefusalReason.QUEUE_IN_USE, **uses)
    delete_rows(session, QueueMember, col(QueueMember.queue_id) == queue_id)
    delete_rows(session, Demand, col(Demand.queue_id) == queue_id)
    session.delete(queue)
    note_change(session, LOOK_AT_ALL)


def _apply(session: Session, queue: Queue, settings: QueueSettings) -> None:
    refuse_wrong(_wrong(session, queue.id, settings))
    with session.no_autoflush:
        queue.sqlmodel_update(
            {
                "name": settings.name,
                "priority": settings.priority,
                "assignment_method": settings.assignment.method.value,
                "assignment": {"rules": to_json_value(settings.assignment.rules)}
                if settings.assignment.rules
                else {},
                "decline_limit": settings.assignment.decline_limit,
                "operating_hours_id": settings.operating_hours_id,
                "overflow": to_json_value(settings.overflow),
                "when_empty": settings.when_empty.value,
                "service_level_seconds": settings.service_level_seconds,
                "short_abandon_seconds": settings.short_abandon_seconds,
            }
        )


def _wrong(session: Session, queue_id: str, settings: QueueSettings) -> list[FieldError]:
    errors = under("assignment", validate_assignment(settings.assignment))
    errors += under("overflow", validate_overflow(settings.overflow, queue_id))
    hours_id = settings.operating_hours_id
    if hours_id is not None and session.get(OperatingHours, hours_id) is None:
        message = "There are no such operating hours."
        errors.append(FieldError("operating_hours_id", "unknown_operating_hours", message))
    known = set(session.exec(select(Queue.id)))
    for place, pair in enumerate(settings.overflow.before):
        errors += _unknown(f"overflow.before.{place}.queue_id", pair.queue_id, known)
    if settings.overflow.while_queued is not None:
        errors += _unknown("overflow.while_queued.queue_id", settings.overflow.while_queued.queue_id, known)
    return errors


def _unknown(path: str, queue_id: str | None, known: set[str]) -> list[FieldError]:
    if queue_id is None or queue_id in known:
        return []
    return [FieldError(path, "unknown_queue", "There is no such queue.")]


def _uses(session: Session, queue_id: str) -> dict[str, list[str] | int]:
    rules = session.exec(select(Rule, RuleSet.kind).join(RuleSet, col(RuleSet.id) == Rule.rule_set_id)).all()
    overflows = session.exec(select(Queue.id, Queue.overflow)).all()
    live = select(func.count()).select_from(Conversation)
    waiting = select(func.count()).select_from(WorkItem).where(WorkItem.queue_id == queue_id)
    return {
        "workstream_ids": sorted(
            session.exec(select(Workstream.id).where(Workstream.fallback_queue_id == queue_id))
        ),
        "rule_set_ids": sorted({rule.rule_set_id for rule, kind in rules if _leads_to(rule, kind, queue_id)}),
        "queue_ids": sorted(id_ for id_, overflow in overflows if queue_id in _targets(overflow)),
        "conversations": max(
            session.exec(waiting).one(),
            session.exec(
                live.where(Conversation.queue_id == queue_id, Conversation.status != "closed")
            ).one(),
        ),
    }


def _leads_to(rule: Rule, kind: str, queue_id: str) -> bool:
    targets = [each["queue_id"] for each in rule.outputs.get("targets", ())] if kind == "route" else []
    return queue_id in targets or queue_id in _targets(rule.overflow or {})


def _targets(overflow: Mapping[str, Any]) -> set[str | None]:
    policy = from_json_value(OverflowPolicy, overflow)
    later = {policy.while_queued.queue_id} if policy.while_queued else set()
    return {pair.queue_id for pair in policy.before} | later


def members(
    session: Session, queue_id: str, *, after: str | None, limit: int
) -> list[tuple[QueueMember, Agent]]:
    """Who serves a queue, by the agents' ids."""
    statement = (
        select(QueueMember, Agent)
        .join(Agent, col(Agent.id) == QueueMember.agent_id)
        .where(QueueMember.queue_id == queue_id)
        .order_by(col(QueueMember.agent_id))
        .limit(limit)
    )
    found = session.exec(statement if after is None else statement.where(col(QueueMember.agent_id) > after))
    return list(found)


def refuse_leaving(session: Session, queue_id: str, agent: Agent) -> None:
    """Refuse to let somebody leave who is no member, or an agent leave the default queue."""
    if session.get(QueueMember, (queue_id, agent.id)) is None:
        raise not_found("queue member", agent.id)
    if queue_id == DEFAULT_QUEUE_ID and agent.role in SERVING_ROLES:
        raise StoreRefusalError(RefusalReason.DEFAULT_QUEUE, agent_id=agent.id)
