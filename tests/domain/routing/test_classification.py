"""Classification: rule sets in order, first match of each, what later ones see, and what cannot be saved."""

from dataclasses import replace

import pytest

from base.json_codec import from_json_value, to_json_value
from domain.routing.classification import (
    NOT_CLASSIFIED,
    Classification,
    ClassificationRule,
    Outputs,
    RuleSet,
    classify,
    validate_rule_sets,
)
from domain.routing.conditions import ALWAYS, Condition, Group, Operator
from domain.routing.demand import SkillNeed
from domain.routing.rules import (
    ContactFacts,
    KnownIds,
    RoutingFacts,
    RoutingStage,
    RuleOutcome,
    TraceStep,
    reads_contact,
    reads_profile,
)

Op = Operator
FACTS = RoutingFacts(
    "c1",
    "page1",
    "psid1",
    "en",
    "Ana Lima",
    "pt_BR",
    -3.0,
    "summer",
    "ADS",
    "ad1",
    {"orders": 12, "Vip": "yes"},
)


def when(field: str, operator: Operator, value: str | float | None = None) -> Group:
    return Group((Condition(field, operator, value),))


def rule(rule_id: str, conditions: Group, **outputs: object) -> ClassificationRule:
    return ClassificationRule(rule_id, conditions, Outputs(**outputs))  # type: ignore[arg-type]


def steps(classified: Classification) -> list[tuple[str, str, str | None]]:
    return [(step.rule_id, step.outcome.value, step.code) for step in classified.trace]


@pytest.mark.parametrize(
    "conditions",
    [
        when("customer_name", Op.EQUALS, "ana lima"),
        when("locale", Op.BEGINS_WITH, "pt"),
        when("timezone", Op.AT_MOST, -3),
        when("psid", Op.EQUALS, "psid1"),
        when("page_id", Op.EQUALS, "page1"),
        when("language", Op.EQUALS, "en"),
        when("referral", Op.EQUALS, "summer"),
        when("referral_source", Op.EQUALS, "ads"),
        when("ad_id", Op.EQUALS, "ad1"),
        when("context.orders", Op.GREATER_THAN, 11),
        when("context.Vip", Op.EQUALS, "yes"),
        when("context.vip", Op.IS_UNKNOWN),
        when("priority", Op.EQUALS, 0),
        when("skills", Op.IS_UNKNOWN),
    ],
)
def test_every_field_of_the_facts_can_be_read(conditions: Group) -> None:
    assert classify([RuleSet("s", (rule("r", conditions, priority=7),))], FACTS).priority == 7


def test_of_a_rule_set_the_first_match_is_applied_and_the_rest_is_not_looked_at() -> None:
    rules = (
        rule("no", when("locale", Op.EQUALS, "de_DE"), priority=1),
        rule("first", ALWAYS, priority=2),
        rule("broken", when("nothing", Op.IS_KNOWN), priority=3),
    )
    classified = classify([RuleSet("s", rules)], FACTS)
    assert classified.priority == 2
    assert classified.trace == (
        TraceStep(RoutingStage.CLASSIFICATION, "no", RuleOutcome.NO_MATCH, "s"),
        TraceStep(RoutingStage.CLASSIFICATION, "first", RuleOutcome.APPLIED, "s"),
    )


def test_later_rule_sets_see_what_earlier_ones_gave() -> None:
    first = RuleSet(
        "1", (rule("a", ALWAYS, skills=(SkillNeed("s1", 2),), context={"tier": "gold"}, priority=5),)
    )
    second = RuleSet(
        "2",
        (
            rule(
                "b",
                Group(
                    (
                        Condition("skills", Op.CONTAINS, "s1"),
                        Condition("context.tier", Op.EQUALS, "gold"),
                        Condition("priority", Op.AT_LEAST, 5),
                    )
                ),
                skills=(SkillNeed("s1", 1), SkillNeed("s2")),
                profiles=("p1",),
            ),
        ),
    )
    classified = classify([first, second], FACTS)
    assert classified.skills == (SkillNeed("s1", 2), SkillNeed("s2", 1))
    assert classified.profiles == ("p1",)
    assert classified.priority == 5
    assert classified.context == {"tier": "gold"}


def test_routing_again_adds_skills_and_profiles_and_gives_the_priority_anew() -> None:
    earlier = Classification((SkillNeed("old", 3),), 9, {"tier": "gold"}, ("p0",), trace=())
    again = classify([RuleSet("1", (rule("a", ALWAYS, skills=(SkillNeed("new"),)),))], FACTS, earlier)
    assert again.skills == (SkillNeed("new", 1), SkillNeed("old", 3))
    assert again.profiles == ("p0",)
    assert again.priority == 0
    assert again.context == {"tier": "gold"}


def test_a_rule_that_cannot_be_judged_ends_classification_and_is_named_without_a_value() -> None:
    broken = rule("broken", when("context.Vip", Op.AT_LEAST, 3), priority=1)
    sets = [
        RuleSet("1", (rule("a", ALWAYS, skills=(SkillNeed("s1"),)),)),
        RuleSet("2", (broken, rule("never", ALWAYS, priority=4))),
        RuleSet("3", (rule("never", ALWAYS, priority=4),)),
    ]
    classified = classify(sets, FACTS)
    assert classified.failed
    assert classified.priority == 0
    assert classified.skills == (SkillNeed("s1", 1),)
    assert steps(classified) == [("a", "applied", None), ("broken", "error", "not_a_number")]
    assert not classify([RuleSet("1", (rule("a", ALWAYS, priority=1),))], FACTS, classified).failed


def test_without_rules_nothing_is_given() -> None:
    assert classify([], FACTS) == NOT_CLASSIFIED


def test_only_conditions_on_name_locale_or_timezone_wait_for_the_profile() -> None:
    other = Group((when("context.locale", Op.IS_KNOWN), when("referral", Op.IS_KNOWN)))
    assert not reads_profile([ALWAYS, other])
    for field in ("customer_name", "locale", "timezone"):
        assert reads_profile([ALWAYS, Group((other, when(field, Op.IS_UNKNOWN)))])


def test_conditions_read_the_contact_that_the_customer_is() -> None:
    gold = Group((when("contact.Tier", Op.EQUALS, "Gold"), when("contact_number", Op.BEGINS_WITH, "KD")))
    sets = [RuleSet("1", (rule("gold", gold, priority=1),))]
    contact = ContactFacts("c1", number="KD-7", fields={"Tier": "gold"})
    assert classify(sets, replace(FACTS, contact=contact)).priority == 1
    assert classify(sets, FACTS).priority == 0
    assert reads_contact([ALWAYS, gold])
    assert reads_contact([Group((when("contact_id", Op.IS_UNKNOWN),))])
    assert not reads_contact([ALWAYS, Group((when("context.contact", Op.IS_KNOWN),))])


def test_rule_sets_survive_the_store() -> None:
    rule_set = RuleSet(
        "s",
        (
            rule(
                "r",
                Group((when("context.a", Op.IS_KNOWN),)),
                skills=(SkillNeed("s1", 2),),
                context={"a": 1.5},
            ),
        ),
    )
    assert from_json_value(RuleSet, to_json_value(rule_set)) == rule_set


KNOWN = KnownIds(skills=frozenset({"s1"}), profiles=frozenset({"p1"}))


@pytest.mark.parametrize(
    ("rules", "wrong"),
    [
        (
            (
                rule(
                    "r",
                    ALWAYS,
                    skills=(SkillNeed("s1"),),
                    profiles=("p1",),
                    priority=1000,
                    context={"a_1": ""},
                ),
            ),
            [],
        ),
        ((rule("r", ALWAYS),), [("rules.0.outputs", "required")]),
        (
            (rule("r", ALWAYS, context=dict.fromkeys("abcdef", 1)),),
            [("rules.0.outputs", "too_many")],
        ),
        ((rule("r", ALWAYS, priority=1001),), [("rules.0.outputs.priority", "out_of_range")]),
        (
            (rule("r", ALWAYS, skills=(SkillNeed("s2", 0),)),),
            [
                ("rules.0.outputs.skills.0.skill_id", "unknown_skill"),
                ("rules.0.outputs.skills.0.rating", "out_of_range"),
            ],
        ),
        ((rule("r", ALWAYS, profiles=("p2",)),), [("rules.0.outputs.profiles.0", "unknown_profile")]),
        ((rule("r", ALWAYS, context={"a b": 1}),), [("rules.0.outputs.context.a b", "wrong_name")]),
        ((rule("r", ALWAYS, context={"": 1}),), [("rules.0.outputs.context.", "wrong_name")]),
        ((rule("r", ALWAYS, context={"é": 1}),), [("rules.0.outputs.context.é", "wrong_name")]),
        ((rule("r", ALWAYS, context={"a": "x" * 4001}),), [("rules.0.outputs.context.a", "too_long")]),
        (
            (rule("r", when("age", Op.IS_KNOWN), priority=1), rule("r", ALWAYS, priority=1)),
            [("rules.1", "duplicate"), ("rules.0.conditions.items.0.field", "unknown_field")],
        ),
        (tuple(rule(f"r{n}", ALWAYS, priority=1) for n in range(101)), [("rules", "too_many")]),
    ],
)
def test_wrong_rules_are_named_field_by_field(
    rules: tuple[ClassificationRule, ...], wrong: list[tuple[str, str]]
) -> None:
    found = validate_rule_sets((RuleSet("s", rules),), KNOWN)
    assert [(each.path, each.code) for each in found] == [
        (f"rule_sets.0.{path}", code) for path, code in wrong
    ]


def test_ten_rule_sets_are_possible_and_no_more() -> None:
    sets = tuple(RuleSet(f"s{n}", ()) for n in range(11))
    assert validate_rule_sets(sets[:10], KNOWN) == []
    assert [each.code for each in validate_rule_sets(sets, KNOWN)] == ["too_many"]
