"""The assignment methods of a queue: in which order its members are asked.

Source: docs/reference/work-distribution.md, "Assignment methods".

Each method is a list of rules; the stock ones have one rule without conditions. Presence, capacity and
skills decide in every method who may be asked at all (`eligibility`); rules can only narrow that. They read
nothing that changes with each conversation: that is for the order alone. The order of the match CLOSEST comes
before that of the stock methods, and not before that of the custom rules, which have columns for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from domain.routing.capacity import free_capacity
from domain.routing.conditions import (
    ALWAYS,
    FieldCatalogue,
    FieldType,
    Group,
    Values,
    holds,
    validate_conditions,
)
from domain.routing.demand import skill_fit
from domain.routing.field_errors import FieldError, duplicates, out_of_range, too_many, under
from domain.routing.members import Member, WorkItem
from domain.routing.presence import PresenceKind

DEFAULT_DECLINE_LIMIT = 3
MIN_DECLINE_LIMIT, MAX_DECLINE_LIMIT = 1, 5
MAX_ASSIGNMENT_RULES = 100
MAX_ORDER_COLUMNS = 5

SKILL_PREFIX = "skill."
ASSIGNMENT_FIELDS = FieldCatalogue(
    {"priority": FieldType.NUMBER, "needed_skills": FieldType.SET},
    {SKILL_PREFIX: FieldType.NUMBER},
)
"""`priority` and `needed_skills` are the item's, `skill.x` is the agent's rating in skill x."""


class AssignmentMethod(StrEnum):
    """How a queue chooses among its members."""

    HIGHEST_CAPACITY = "highest_capacity"
    ADVANCED_ROUND_ROBIN = "advanced_round_robin"
    LEAST_ACTIVE = "least_active"
    CUSTOM = "custom"


class OrderColumn(StrEnum):
    """What members are ordered by, the best first.

    AVAILABLE: those before the others. FREE_CAPACITY: most of it. ROUND_ROBIN: whose last assignment in this
    queue is longest ago. LEAST_ACTIVE: who got capacity back longest ago. NEAREST_RATING: least distance from
    the ratings that are asked for. HIGHEST_RATING: the greatest sum of ratings in the skills asked for.
    SKILL_COUNT: most of these skills.
    """

    AVAILABLE = "available"
    FREE_CAPACITY = "free_capacity"
    ROUND_ROBIN = "round_robin"
    LEAST_ACTIVE = "least_active"
    NEAREST_RATING = "nearest_rating"
    HIGHEST_RATING = "highest_rating"
    SKILL_COUNT = "skill_count"


@dataclass(frozen=True, slots=True)
class AssignmentRule:
    """Members for whom the conditions hold, in the order of the columns. Ties go round robin."""

    id: str
    conditions: Group = ALWAYS
    order: tuple[OrderColumn, ...] = ()


@dataclass(frozen=True, slots=True)
class Assignment:
    """How a queue assigns. `rules` matter to CUSTOM alone: a member counts by the first that fits them."""

    method: AssignmentMethod = AssignmentMethod.HIGHEST_CAPACITY
    rules: tuple[AssignmentRule, ...] = ()
    decline_limit: int = DEFAULT_DECLINE_LIMIT


_STOCK_RULES = {
    AssignmentMethod.HIGHEST_CAPACITY: (AssignmentRule("", ALWAYS, (OrderColumn.FREE_CAPACITY,)),),
    AssignmentMethod.ADVANCED_ROUND_ROBIN: (AssignmentRule("", ALWAYS, (OrderColumn.ROUND_ROBIN,)),),
    AssignmentMethod.LEAST_ACTIVE: (AssignmentRule("", ALWAYS, (OrderColumn.LEAST_ACTIVE,)),),
}

_NEVER = datetime.min.replace(tzinfo=UTC)
OrderKey = tuple[float | datetime | str, ...]


def rule_for(assignment: Assignment, item: WorkItem, member: Member) -> tuple[int, AssignmentRule] | None:
    """The first rule that fits a member, with its place; None where none does, who is then not asked.

    Raises ConditionError for a rule that was never validated.
    """
    rules = _STOCK_RULES.get(assignment.method, assignment.rules)
    values: Values | None = None
    for place, rule in enumerate(rules):
        if not rule.conditions.items:
            return place, rule
        values = _values(item, member) if values is None else values
        if holds(rule.conditions, values, ASSIGNMENT_FIELDS):
            return place, rule
    return None


def _values(item: WorkItem, member: Member) -> Values:
    return {
        "priority": item.priority,
        "needed_skills": tuple(each.skill_id for each in item.demand.skills),
        **{f"{SKILL_PREFIX}{skill_id}": rating for skill_id, rating in member.ratings.items()},
    }


def order_key(rule: AssignmentRule, item: WorkItem, member: Member) -> OrderKey:
    """The place of a member among those of a rule, smallest first; never equal for two agents."""
    columns = [_COLUMNS[column](item, member) for column in rule.order]
    return (*columns, member.last_assigned_at or _NEVER, member.agent_id)


def _rating_sum(item: WorkItem, member: Member) -> int:
    return sum(member.ratings.get(each.skill_id, 0) for each in item.demand.skills)


def _skill_count(item: WorkItem, member: Member) -> int:
    return sum(each.skill_id in member.ratings for each in item.demand.skills)


_COLUMNS: dict[OrderColumn, Callable[[WorkItem, Member], float | datetime]] = {
    OrderColumn.AVAILABLE: lambda _, member: member.presence is not PresenceKind.AVAILABLE,
    OrderColumn.FREE_CAPACITY: lambda item, member: (
        -free_capacity(member.limits, member.used, item.demand.need)
    ),
    OrderColumn.ROUND_ROBIN: lambda _, member: member.last_assigned_at or _NEVER,
    OrderColumn.LEAST_ACTIVE: lambda _, member: member.freed_at or _NEVER,
    OrderColumn.NEAREST_RATING: lambda item, member: skill_fit(item.demand.skills, member.ratings)[1],
    OrderColumn.HIGHEST_RATING: lambda item, member: -_rating_sum(item, member),
    OrderColumn.SKILL_COUNT: lambda item, member: -_skill_count(item, member),
}


def validate_assignment(assignment: Assignment) -> list[FieldError]:
    """What is wrong with a queue's assignment that is to be saved."""
    errors = out_of_range("decline_limit", assignment.decline_limit, MIN_DECLINE_LIMIT, MAX_DECLINE_LIMIT)
    if assignment.method is not AssignmentMethod.CUSTOM:
        if assignment.rules:
            errors.append(FieldError("rules", "not_used", "Only the method custom has rules."))
        return errors
    if not assignment.rules:
        errors.append(FieldError("rules", "required", "The method custom needs at least one rule."))
    errors += too_many("rules", len(assignment.rules), MAX_ASSIGNMENT_RULES)
    errors += duplicates("rules", (rule.id for rule in assignment.rules))
    for place, rule in enumerate(assignment.rules):
        wrong = under("conditions", validate_conditions(rule.conditions, ASSIGNMENT_FIELDS))
        wrong += too_many("order", len(rule.order), MAX_ORDER_COLUMNS)
        wrong += duplicates("order", rule.order)
        errors += under(f"rules.{place}", wrong)
    return errors
