"""Rules of classification, of routes to queues and of assignment, as their rows hold them."""

from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Row, select
from sqlmodel import Session, col

from base.json_codec import from_json_value, to_json_value
from base.log import get_logger
from domain.routing.assignment import Assignment, AssignmentMethod, AssignmentRule, OrderColumn
from domain.routing.classification import ClassificationRule, Outputs, RuleSet
from domain.routing.conditions import Condition, Group, Needed, Operator
from domain.routing.overflow import OverflowPolicy
from domain.routing.route_to_queue import RouteRule, RouteTarget
from store.tables import Queue, Rule
from store.tables import RuleSet as RuleSetRow

CLASSIFICATION, ROUTE = "classification", "route"

_log = get_logger("store")

# Names no field: whoever judges it finds an error, and the conversation goes to the fallback queue.
_UNREADABLE_BY = (ValidationError, ValueError, TypeError, LookupError, AttributeError)
_UNREADABLE = Group((Condition("", Operator.IS_KNOWN),))


@dataclass(frozen=True, slots=True)
class ActiveRules:
    """The rules of a workstream that are switched on, in their order."""

    rule_sets: tuple[RuleSet, ...] = ()
    route_rules: tuple[RouteRule, ...] = ()


def active_rules(session: Session, workstream_id: str) -> ActiveRules:
    """The rules as conversations are judged by them: one statement."""
    rows = session.execute(
        select(
            col(Rule.id),
            col(Rule.rule_set_id),
            col(Rule.conditions),
            col(Rule.outputs),
            col(Rule.overflow),
            col(RuleSetRow.kind),
        )
        .join(RuleSetRow, col(RuleSetRow.id) == col(Rule.rule_set_id))
        .where(col(RuleSetRow.workstream_id) == workstream_id, col(Rule.active), col(RuleSetRow.active))
        .order_by(
            col(RuleSetRow.position), col(RuleSetRow.created_at), col(RuleSetRow.id), col(Rule.position)
        )
    ).all()
    by_set: dict[str, list[ClassificationRule]] = {}
    for row in rows:
        if row.kind == CLASSIFICATION:
            by_set.setdefault(row.rule_set_id, []).append(classification_rule(row))
    return ActiveRules(
        tuple(RuleSet(rule_set_id, tuple(rules)) for rule_set_id, rules in by_set.items()),
        tuple(route_rule(row) for row in rows if row.kind == ROUTE),
    )


def group_of(value: dict[str, Any]) -> Group:
    """Conditions as `to_json_value` wrote them. Raises one of several errors for what is none."""
    # A condition that lacks something must not be taken for a group without conditions, which always holds.
    items = tuple(group_of(each) if "items" in each else _condition(each) for each in value["items"])
    return Group(items, Needed(value.get("needed", Needed.ALL)))


def _condition(value: dict[str, Any]) -> Condition:
    asked = value.get("value")
    return Condition(
        value["field"], Operator(value["operator"]), tuple(asked) if isinstance(asked, list) else asked
    )


def classification_rule(row: Rule | Row[Any]) -> ClassificationRule:
    """A rule of a classification; one that cannot be read fails where it is judged."""
    try:
        return ClassificationRule(row.id, group_of(row.conditions), from_json_value(Outputs, row.outputs))
    except _UNREADABLE_BY:
        _log.error("rule_unreadable", rule_id=row.id)
        return ClassificationRule(row.id, _UNREADABLE, Outputs())


def route_rule(row: Rule | Row[Any]) -> RouteRule:
    """A rule of a route; as `classification_rule`."""
    try:
        targets = from_json_value(tuple[RouteTarget, ...], row.outputs["targets"])
        rule = RouteRule(row.id, group_of(row.conditions), targets)
        if row.overflow is None:
            return rule
        return replace(rule, overflow=from_json_value(OverflowPolicy, row.overflow))
    except _UNREADABLE_BY:
        _log.error("rule_unreadable", rule_id=row.id)
        return RouteRule(row.id, _UNREADABLE, ())


def assignment_of(queue: Queue) -> Assignment:
    """How a queue assigns. A rule that cannot be read fits nobody, so that the next one counts.

    Where no rule is left, the members are asked as by the usual method.
    """
    rules = tuple(filter(None, (_assignment_rule(queue.id, each) for each in _rules_of(queue))))
    method = AssignmentMethod(queue.assignment_method)
    if method is AssignmentMethod.CUSTOM and not rules:
        method = AssignmentMethod.HIGHEST_CAPACITY
    return Assignment(method, rules, queue.decline_limit)


def _rules_of(queue: Queue) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = queue.assignment.get("rules", [])
    return rules


def _assignment_rule(queue_id: str, value: dict[str, Any]) -> AssignmentRule | None:
    try:
        order = tuple(map(OrderColumn, value["order"]))
        return AssignmentRule(value["id"], group_of(value["conditions"]), order)
    except _UNREADABLE_BY:
        _log.error("assignment_rule_unreadable", queue_id=queue_id)
        return None


def columns_of_classification(rule: ClassificationRule) -> dict[str, Any]:
    """What a rule of a classification decides by and gives, as columns."""
    return {
        "conditions": to_json_value(rule.conditions),
        "outputs": to_json_value(rule.outputs),
        "overflow": None,
    }


def columns_of_route(rule: RouteRule) -> dict[str, Any]:
    """What a rule of a route decides by and where it leads, as columns."""
    return {
        "conditions": to_json_value(rule.conditions),
        "outputs": {"targets": to_json_value(rule.targets)},
        "overflow": None if rule.overflow is None else to_json_value(rule.overflow),
    }
