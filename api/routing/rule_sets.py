"""Rule sets of a workstream: rules that classify conversations, and rules that lead them to queues."""

from datetime import datetime
from typing import Any, Self

from fastapi import Response
from pydantic import BaseModel
from sqlmodel import Session

from api.http.dependencies import DatabaseDep, SettingsDep
from api.http.fields import OptionalIdempotencyKey, PathId
from api.http.paging import CursorPage
from api.http.problem_docs import problems
from api.routing.inputs import ConditionsInput, OverflowInput
from api.routing.rule_inputs import OutputsInput, RuleSetInput, RuleSetKind, TargetInput
from api.security.audit import record
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from api.security.idempotency import once
from base import clock
from base.ids import new_id
from domain.events.kinds import FactKind
from store.access.idempotency import create_once
from store.routing import rule_sets
from store.routing.rule_rows import CLASSIFICATION
from store.tables import Rule, RuleSet
from store.workstreams import workstreams

router = api_router("rule sets")


class RuleView(BaseModel):
    """A rule. `outputs` are those of a classification, `targets` and `overflow` those of a route."""

    id: str
    name: str
    active: bool
    conditions: ConditionsInput
    outputs: OutputsInput | None = None
    targets: list[TargetInput] | None = None
    overflow: OverflowInput | None = None

    @classmethod
    def of(cls, rule: Rule, kind: str) -> Self:
        """The rule as it is set."""
        shown: dict[str, Any] = {
            "id": rule.id,
            "name": rule.name,
            "active": rule.active,
            "conditions": rule.conditions,
            "overflow": rule.overflow,
        }
        given = {"outputs": rule.outputs} if kind == CLASSIFICATION else {"targets": rule.outputs["targets"]}
        return cls.model_validate(shown | given)


class RuleSetView(BaseModel):
    """A rule set with its rules, in their order."""

    id: str
    workstream_id: str
    kind: RuleSetKind
    name: str
    position: int
    active: bool
    rules: list[RuleView]
    created_at: datetime

    @classmethod
    def of(cls, rule_set: RuleSet, rules: list[Rule]) -> Self:
        """The rule set as it is set."""
        shown = [RuleView.of(rule, rule_set.kind) for rule in rules]
        return cls.model_validate({**rule_set.model_dump(), "rules": shown})


@router.get("/v1/workstreams/{workstream_id}/rule-sets", responses=problems("not_found"))
async def list_rule_sets(database: DatabaseDep, workstream_id: PathId) -> CursorPage[RuleSetView]:
    """The rule sets of a workstream: those that classify, in their order, then the route."""

    def load(session: Session) -> CursorPage[RuleSetView]:
        workstreams.get(session, workstream_id)
        found = rule_sets.of_workstream(session, workstream_id)
        rules = rule_sets.rules_of(session, [each.id for each in found])
        return CursorPage(items=[RuleSetView.of(each, rules[each.id]) for each in found], next_cursor=None)

    return await database.read(load)


@router.post(
    "/v1/workstreams/{workstream_id}/rule-sets",
    status_code=201,
    responses=problems("not_found", "limit_reached", "idempotency_key_reused"),
)
async def create_rule_set(
    settings: SettingsDep,
    database: DatabaseDep,
    caller: Caller,
    *,
    workstream_id: PathId,
    body: RuleSetInput,
    idempotency_key: OptionalIdempotencyKey = None,
) -> RuleSetView:
    """Add a rule set. A workstream may have 10 that classify, and one route."""
    wanted = once(settings.vault, caller, idempotency_key, f"create_rule_set {workstream_id}", body)

    def create(session: Session, rule_set_id: str) -> None:
        rule_sets.add(session, workstream_id, rule_set_id, body.settings(), clock.now())
        _record(session, caller, FactKind.RULE_SET_CREATED, workstream_id, rule_set_id)

    def work(session: Session) -> RuleSetView:
        fresh = new_id()
        rule_set_id = create_once(session, wanted, fresh, lambda: create(session, fresh), clock.now())
        return _view(session, workstream_id, rule_set_id)

    return await database.write(work)


@router.get("/v1/workstreams/{workstream_id}/rule-sets/{rule_set_id}", responses=problems("not_found"))
async def get_rule_set(database: DatabaseDep, workstream_id: PathId, rule_set_id: PathId) -> RuleSetView:
    """One rule set."""
    return await database.read(lambda s: _view(s, workstream_id, rule_set_id))


@router.put("/v1/workstreams/{workstream_id}/rule-sets/{rule_set_id}", responses=problems("not_found"))
async def change_rule_set(
    database: DatabaseDep,
    caller: Caller,
    *,
    workstream_id: PathId,
    rule_set_id: PathId,
    body: RuleSetInput,
) -> RuleSetView:
    """Let a rule set be this from now on. What waits already is not routed again."""

    def work(session: Session) -> RuleSetView:
        rule_sets.change(session, workstream_id, rule_set_id, body.settings(), clock.now())
        _record(session, caller, FactKind.RULE_SET_CHANGED, workstream_id, rule_set_id)
        return _view(session, workstream_id, rule_set_id)

    return await database.write(work)


@router.delete(
    "/v1/workstreams/{workstream_id}/rule-sets/{rule_set_id}",
    status_code=204,
    responses=problems("not_found"),
)
async def delete_rule_set(
    database: DatabaseDep, caller: Caller, workstream_id: PathId, rule_set_id: PathId
) -> Response:
    """Delete a rule set with its rules."""

    def work(session: Session) -> None:
        rule_sets.delete(session, workstream_id, rule_set_id)
        _record(session, caller, FactKind.RULE_SET_DELETED, workstream_id, rule_set_id)

    await database.write(work)
    return Response(status_code=204)


def _view(session: Session, workstream_id: str, rule_set_id: str) -> RuleSetView:
    rule_set = rule_sets.get(session, workstream_id, rule_set_id)
    return RuleSetView.of(rule_set, rule_sets.rules_of(session, [rule_set_id])[rule_set_id])


def _record(
    session: Session, caller: Principal, kind: FactKind, workstream_id: str, rule_set_id: str
) -> None:
    record(session, caller, kind, workstream_id=workstream_id, rule_set_id=rule_set_id)
