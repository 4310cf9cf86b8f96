"""Classification rules: what kind of work a conversation is, before a queue is chosen for it.

Source: docs/reference/work-distribution.md, "Rules".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from domain.routing.conditions import (
    ConditionError,
    Group,
    Value,
    Values,
    holds,
    validate_conditions,
)
from domain.routing.demand import MAX_RATING, MIN_RATING, SkillNeed, merged_skills
from domain.routing.field_errors import FieldError, duplicates, out_of_range, too_many, under
from domain.routing.rules import (
    RULE_FIELDS,
    KnownIds,
    RoutingFacts,
    RoutingStage,
    RuleOutcome,
    TraceStep,
    context_values,
)

MAX_RULE_SETS = 10
MAX_RULES = 100
MAX_OUTPUTS = 5
MIN_PRIORITY, MAX_PRIORITY = 0, 1000
MAX_NAME_LENGTH, MAX_TEXT_LENGTH = 100, 4000


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a classification rule gives a conversation.

    Skills and capacity profiles are added; the priority (greater is served first) and context variables
    replace what earlier rules gave.
    """

    skills: tuple[SkillNeed, ...] = ()
    priority: int | None = None
    context: Mapping[str, Value] = field(default_factory=dict)
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClassificationRule:
    """Where the conditions hold, the outputs are given."""

    id: str
    conditions: Group
    outputs: Outputs


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules of which the first that matches is applied. The next rule set sees what it gave."""

    id: str
    rules: tuple[ClassificationRule, ...]


@dataclass(frozen=True, slots=True)
class Classification:
    """What all rule sets gave. `failed`: a rule could not be judged, and no rule after it was.

    `context` holds what rules set and is text: it goes to the store, never into a history.
    """

    skills: tuple[SkillNeed, ...] = ()
    priority: int = 0
    context: Mapping[str, Value] = field(default_factory=dict)
    profiles: tuple[str, ...] = ()
    failed: bool = False
    trace: tuple[TraceStep, ...] = ()


NOT_CLASSIFIED = Classification()


def classify(
    rule_sets: Iterable[RuleSet], facts: RoutingFacts, earlier: Classification = NOT_CLASSIFIED
) -> Classification:
    """Apply the rule sets in order. `earlier`: what the conversation has from being routed before.

    Being routed again adds skills and profiles. The priority is given anew, from 0.
    """
    current = replace(earlier, priority=0, failed=False, trace=())
    for rule_set in rule_sets:
        current = _apply(rule_set, facts, current)
        if current.failed:
            break
    return current


def values_with(facts: RoutingFacts, classified: Classification) -> Values:
    """What conditions read after these rules."""
    return {
        **facts.values(),
        **context_values(classified.context),
        "priority": classified.priority,
        "skills": tuple(each.skill_id for each in classified.skills),
    }


def _apply(rule_set: RuleSet, facts: RoutingFacts, current: Classification) -> Classification:
    values = values_with(facts, current)
    trace = list(current.trace)
    for rule in rule_set.rules:
        step = TraceStep(RoutingStage.CLASSIFICATION, rule.id, RuleOutcome.NO_MATCH, rule_set.id)
        try:
            matches = holds(rule.conditions, values, RULE_FIELDS)
        except ConditionError as error:
            trace.append(replace(step, outcome=RuleOutcome.ERROR, code=error.code))
            return replace(current, failed=True, trace=tuple(trace))
        if matches:
            trace.append(replace(step, outcome=RuleOutcome.APPLIED))
            return replace(_with(current, rule.outputs), trace=tuple(trace))
        trace.append(step)
    return replace(current, trace=tuple(trace))


def _with(current: Classification, outputs: Outputs) -> Classification:
    return replace(
        current,
        skills=merged_skills(current.skills, outputs.skills),
        priority=current.priority if outputs.priority is None else outputs.priority,
        context={**current.context, **outputs.context},
        profiles=tuple(sorted({*current.profiles, *outputs.profiles})),
    )


def validate_rule_sets(rule_sets: tuple[RuleSet, ...], known: KnownIds) -> list[FieldError]:
    """What is wrong with all classification rules of a workstream, as they are to be saved."""
    errors = too_many("rule_sets", len(rule_sets), MAX_RULE_SETS)
    for place, rule_set in enumerate(rule_sets):
        wrong = too_many("rules", len(rule_set.rules), MAX_RULES)
        wrong += duplicates("rules", (rule.id for rule in rule_set.rules))
        for number, rule in enumerate(rule_set.rules):
            wrong += under(f"rules.{number}.conditions", validate_conditions(rule.conditions, RULE_FIELDS))
            wrong += under(f"rules.{number}.outputs", _validate_outputs(rule.outputs, known))
        errors += under(f"rule_sets.{place}", wrong)
    return errors


def _validate_outputs(outputs: Outputs, known: KnownIds) -> list[FieldError]:
    count = (
        len(outputs.skills) + len(outputs.context) + len(outputs.profiles) + (outputs.priority is not None)
    )
    if count == 0:
        return [FieldError("", "required", "A rule has to give something.")]
    errors = too_many("", count, MAX_OUTPUTS)
    if outputs.priority is not None:
        errors += out_of_range("priority", outputs.priority, MIN_PRIORITY, MAX_PRIORITY)
    for place, need in enumerate(outputs.skills):
        if need.skill_id not in known.skills:
            errors.append(FieldError(f"skills.{place}.skill_id", "unknown_skill", "There is no such skill."))
        errors += out_of_range(f"skills.{place}.rating", need.rating, MIN_RATING, MAX_RATING)
    for place, profile_id in enumerate(outputs.profiles):
        if profile_id not in known.profiles:
            message = "There is no such capacity profile."
            errors.append(FieldError(f"profiles.{place}", "unknown_profile", message))
    for name, value in outputs.context.items():
        errors += _validate_variable(name, value)
    return errors


def _validate_variable(name: str, value: Value) -> list[FieldError]:
    if not 0 < len(name) <= MAX_NAME_LENGTH or not name.replace("_", "a").isalnum() or not name.isascii():
        message = f"A name has 1 to {MAX_NAME_LENGTH} letters, digits and underscores."
        return [FieldError(f"context.{name}", "wrong_name", message)]
    if isinstance(value, str) and len(value) > MAX_TEXT_LENGTH:
        message = f"A text has at most {MAX_TEXT_LENGTH} characters."
        return [FieldError(f"context.{name}", "too_long", message)]
    return []
