"""Rules as their rows hold them, also rows that no release of ours writes."""

from typing import Any

import pytest

from domain.routing.assignment import Assignment, AssignmentMethod, AssignmentRule, OrderColumn
from domain.routing.conditions import Condition, Group, Operator
from store import tables
from store.routing.rule_rows import assignment_of
from support.steps import START

SKILLED = {"field": "skill.french", "operator": "at_least", "value": 3}
READ = AssignmentRule(
    "good", Group((Condition("skill.french", Operator.AT_LEAST, 3),)), (OrderColumn.NEAREST_RATING,)
)


def _queue(*rules: dict[str, Any]) -> tables.Queue:
    return tables.Queue(
        id="q", name="q", assignment_method="custom", assignment={"rules": list(rules)}, created_at=START
    )


def _rule(rule_id: str, *conditions: dict[str, Any]) -> dict[str, Any]:
    return {"id": rule_id, "conditions": {"items": list(conditions)}, "order": ["nearest_rating"]}


def test_a_rule_of_assignment_is_read_as_it_was_set() -> None:
    assert assignment_of(_queue(_rule("good", SKILLED))) == Assignment(AssignmentMethod.CUSTOM, (READ,), 3)


@pytest.mark.parametrize(
    "condition",
    [
        {"field": "skill.french", "value": 3},
        {"operator": "at_least", "value": 3},
        {"needed": "any"},
        {**SKILLED, "operator": "perhaps"},
    ],
)
def test_an_incomplete_condition_is_no_group_that_always_holds(condition: dict[str, Any]) -> None:
    found = assignment_of(_queue(_rule("bad", condition), _rule("good", SKILLED)))
    assert found.rules == (READ,)


def test_where_no_rule_can_be_read_members_are_asked_as_usual() -> None:
    found = assignment_of(_queue(_rule("bad", {"field": "skill.french"})))
    assert found == Assignment(AssignmentMethod.HIGHEST_CAPACITY, (), 3)
