"""Queues: where conversations wait, and how they are given to members."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from api.http.dependencies import DatabaseDep, SettingsDep
from api.http.fields import Id, Input, Name, OptionalIdempotencyKey, PathId
from api.http.paging import Cursor, CursorById, CursorPage, Limit
from api.http.problem_docs import problems
from api.routing.inputs import ALWAYS, ConditionsInput, Count, OverflowInput
from api.security.audit import record
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from api.security.idempotency import once
from base import clock
from base.ids import new_id
from base.json_codec import to_json_value
from domain.access.roles import Role
from domain.events.kinds import FactKind
from domain.routing.assignment import (
    DEFAULT_DECLINE_LIMIT,
    MAX_ASSIGNMENT_RULES,
    MAX_ORDER_COLUMNS,
    Assignment,
    AssignmentMethod,
    AssignmentRule,
    OrderColumn,
)
from domain.routing.route_to_queue import WhenEmpty
from store.access.idempotency import create_once
from store.routing import queues
from store.routing.queues import QueueSettings
from store.tables import Queue

_BY_ID = CursorById("queues")
_LONGEST = 30 * 24 * 3600

Priority = Annotated[int, Field(strict=True, ge=0, le=10_000)]
Threshold = Annotated[int, Field(strict=True, ge=1, le=_LONGEST)]

router = api_router("queues")


class AssignmentRuleInput(Input):
    """Members for whom the conditions hold, in the order of the columns. An `id` of before keeps it."""

    id: Id | None = None
    conditions: ConditionsInput = ALWAYS
    order: Annotated[list[OrderColumn], Field(max_length=MAX_ORDER_COLUMNS)] = Field(default_factory=list)


class AssignmentInput(Input):
    """How a queue chooses among its members. Only the method `custom` has rules.

    `decline_limit`: how often the same member is offered the same conversation.
    """

    method: AssignmentMethod = AssignmentMethod.HIGHEST_CAPACITY
    rules: Annotated[list[AssignmentRuleInput], Field(max_length=MAX_ASSIGNMENT_RULES)] = Field(
        default_factory=list
    )
    decline_limit: Count = DEFAULT_DECLINE_LIMIT

    @property
    def assignment(self) -> Assignment:
        """The setting as the rules judge it."""
        rules = [
            AssignmentRule(rule.id or new_id(), rule.conditions.group, tuple(rule.order))
            for rule in self.rules
        ]
        return Assignment(self.method, tuple(rules), self.decline_limit)


class QueueInput(Input):
    """A queue. `priority`: the smaller is served first. Without operating hours it is always open.

    `when_empty`: what becomes of a conversation while the queue has no members. `service_level_seconds` and
    `short_abandon_seconds` are thresholds of reports.
    """

    name: Name
    priority: Priority = 100
    assignment: AssignmentInput = AssignmentInput()
    operating_hours_id: Id | None = None
    overflow: OverflowInput = OverflowInput()
    when_empty: WhenEmpty = WhenEmpty.KEEP
    service_level_seconds: Threshold | None = None
    short_abandon_seconds: Threshold | None = None

    @property
    def settings(self) -> QueueSettings:
        """The queue as the store has it."""
        return QueueSettings(
            name=self.name,
            priority=self.priority,
            assignment=self.assignment.assignment,
            operating_hours_id=self.operating_hours_id,
            overflow=self.overflow.policy,
            when_empty=self.when_empty,
            service_level_seconds=self.service_level_seconds,
            short_abandon_seconds=self.short_abandon_seconds,
        )


class QueueChange(Input):
    """What is to change; what is left out stays. `null` takes operating hours or a threshold away."""

    name: Name | None = None
    priority: Priority | None = None
    assignment: AssignmentInput | None = None
    operating_hours_id: Id | None = None
    overflow: OverflowInput | None = None
    when_empty: WhenEmpty | None = None
    service_level_seconds: Threshold | None = None
    short_abandon_seconds: Threshold | None = None

    def applied_to(self, before: QueueSettings) -> QueueSettings:
        """The settings with what is to change."""
        changes: dict[str, Any] = {
            name: getattr(self, name)
            for name in self.model_fields_set
            if name in _NULLABLE or getattr(self, name) is not None
        }
        if self.assignment is not None:
            changes["assignment"] = self.assignment.assignment
        if self.overflow is not None:
            changes["overflow"] = self.overflow.policy
        return replace(before, **changes)


_NULLABLE = {"operating_hours_id", "service_level_seconds", "short_abandon_seconds"}


class AssignmentRuleView(BaseModel):
    """A rule of the method `custom`."""

    id: str
    conditions: ConditionsInput
    order: list[OrderColumn]


class AssignmentView(BaseModel):
    """How a queue chooses among its members."""

    method: AssignmentMethod
    rules: list[AssignmentRuleView]
    decline_limit: int


class QueueView(BaseModel):
    """A queue. The default queue has every agent and supervisor, and takes what nothing else routes."""

    id: str
    name: str
    priority: int
    assignment: AssignmentView
    operating_hours_id: str | None
    overflow: OverflowInput
    when_empty: WhenEmpty
    service_level_seconds: int | None
    short_abandon_seconds: int | None
    is_default: bool
    created_at: datetime

    @classmethod
    def of(cls, queue: Queue) -> Self:
        """The queue as it is set."""
        shown = to_json_value(queues.settings_of(queue))
        return cls.model_validate(
            {**shown, "id": queue.id, "is_default": queue.is_default, "created_at": queue.created_at}
        )


def _served_by(caller: Principal) -> str | None:
    """Agents read the queues that they serve; the others read all."""
    return caller.agent_id if caller.role is Role.AGENT else None


@router.get("/v1/queues")
async def list_queues(
    database: DatabaseDep, caller: Caller, cursor: Cursor = None, limit: Limit = 50
) -> CursorPage[QueueView]:
    """All queues; for agents those that they serve."""
    after = _BY_ID.read(cursor)

    def load(session: Session) -> CursorPage[QueueView]:
        found = queues.listed(session, after=after, limit=limit + 1, served_by=_served_by(caller))
        return _BY_ID.page(found, limit, QueueView.of)

    return await database.read(load)


@router.post(
    "/v1/queues",
    status_code=201,
    responses=problems("name_taken", "limit_reached", "idempotency_key_reused"),
)
async def create_queue(
    settings: SettingsDep,
    database: DatabaseDep,
    caller: Caller,
    *,
    body: QueueInput,
    idempotency_key: OptionalIdempotencyKey = None,
) -> QueueView:
    """Add a queue. It has no members yet."""
    wanted = once(settings.vault, caller, idempotency_key, "create_queue", body)

    def create(session: Session, queue_id: str) -> None:
        queues.add(session, queue_id, body.settings, clock.now())
        record(session, caller, FactKind.QUEUE_CREATED, queue_id=queue_id)

    def work(session: Session) -> QueueView:
        fresh = new_id()
        queue_id = create_once(session, wanted, fresh, lambda: create(session, fresh), clock.now())
        return QueueView.of(queues.get(session, queue_id))

    return await database.write(work)


@router.get("/v1/queues/{queue_id}", responses=problems("not_found"))
async def get_queue(database: DatabaseDep, caller: Caller, queue_id: PathId) -> QueueView:
    """One queue."""
    return await database.read(lambda s: QueueView.of(queues.get(s, queue_id, served_by=_served_by(caller))))


@router.patch("/v1/queues/{queue_id}", responses=problems("not_found", "name_taken", "default_queue"))
async def change_queue(
    database: DatabaseDep, caller: Caller, queue_id: PathId, body: QueueChange
) -> QueueView:
    """Change a queue, for what waits in it too. The default queue keeps its name and its priority."""

    def work(session: Session) -> QueueView:
        before = queues.settings_of(queues.get(session, queue_id))
        view = QueueView.of(queues.change(session, queue_id, body.applied_to(before)))
        changed = ",".join(sorted(body.model_fields_set))
        record(session, caller, FactKind.QUEUE_CHANGED, queue_id=queue_id, changed=changed)
        return view

    return await database.write(work)


@router.delete(
    "/v1/queues/{queue_id}",
    status_code=204,
    responses=problems("not_found", "default_queue", "queue_in_use"),
)
async def delete_queue(database: DatabaseDep, caller: Caller, queue_id: PathId) -> Response:
    """Delete a queue that no workstream, rule or other queue names and no live conversation is in."""

    def work(session: Session) -> None:
        queues.delete(session, queue_id)
        record(session, caller, FactKind.QUEUE_DELETED, queue_id=queue_id)

    await database.write(work)
    return Response(status_code=204)
