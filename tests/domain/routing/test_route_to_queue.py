"""Route to queue: the first match without overflow, all queues overflowing, rules that fail, and shares."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.routing.classification import NOT_CLASSIFIED, Classification
from domain.routing.conditions import ALWAYS, Condition, Group, Operator
from domain.routing.overflow import (
    NO_OVERFLOW,
    BeforeQueueing,
    Overflow,
    OverflowAction,
    OverflowCondition,
    OverflowPolicy,
    QueueLoad,
    WhileQueued,
)
from domain.routing.route_to_queue import (
    CandidateQueue,
    RouteDecision,
    RouteReason,
    RouteRule,
    RouteTarget,
    choose_route,
    match_routes,
    share_of,
    validate_route_rules,
)
from domain.routing.rules import KnownIds, RoutingFacts

FACTS = RoutingFacts("c1", "page1", "psid1", context={"Vip": "yes"})
NEVER = Group((Condition("psid", Operator.EQUALS, "nobody"),))
BROKEN = Group((Condition("context.Vip", Operator.AT_LEAST, 3),))
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
FULL = Overflow(OverflowCondition.WAITING_ITEMS, OverflowAction.END)
TO_Q9 = Overflow(OverflowCondition.OUT_OF_HOURS, OverflowAction.TRANSFER, "q9")
ANYWAY = Overflow(OverflowCondition.OUT_OF_HOURS, OverflowAction.ASSIGN_ANYWAY)
ENDS_WHEN_FULL = OverflowPolicy(
    (BeforeQueueing(OverflowCondition.WAITING_ITEMS, OverflowAction.END, waiting=3),)
)
MOVES_TO_Q9 = OverflowPolicy(
    (BeforeQueueing(OverflowCondition.OUT_OF_HOURS, OverflowAction.TRANSFER, queue_id="q9"),)
)
FREE, CROWDED = CandidateQueue(), CandidateQueue(QueueLoad(3), ENDS_WHEN_FULL)


def closed(opens_at: datetime | None, policy: OverflowPolicy = NO_OVERFLOW) -> CandidateQueue:
    return CandidateQueue(QueueLoad(in_hours=False), policy, opens_at)


def to(rule_id: str, queue_id: str, conditions: Group = ALWAYS) -> RouteRule:
    return RouteRule(rule_id, conditions, (RouteTarget(queue_id),))


def routed(
    rules: tuple[RouteRule, ...],
    states: Mapping[str, CandidateQueue],
    classified: Classification = NOT_CLASSIFIED,
) -> RouteDecision:
    return choose_route(match_routes(rules, FACTS, classified), states, "fallback", classified, NOON)


def steps(decision: RouteDecision) -> list[tuple[str, str, str | None]]:
    return [(step.rule_id, step.outcome.value, step.code) for step in decision.trace]


def test_the_first_matching_rule_whose_queue_does_not_overflow_decides() -> None:
    rules = (to("r1", "q1", NEVER), to("r2", "q2"), to("r3", "q3"), to("r4", "q4"))
    decision = routed(rules, {"q2": CROWDED, "q3": FREE, "q4": FREE})
    assert (decision.queue_id, decision.reason, decision.rule_id) == ("q3", RouteReason.RULE, "r3")
    assert decision.overflow is None
    assert steps(decision) == [
        ("r1", "no_match", None),
        ("r2", "overflowing", "waiting_items"),
        ("r3", "applied", None),
    ]


def test_only_queues_that_matched_have_to_be_looked_at() -> None:
    rules = (to("r1", "q1", NEVER), to("r2", "q2"), to("r3", "q3"), to("r4", "q2"))
    assert match_routes(rules, FACTS, NOT_CLASSIFIED).queue_ids == ("q2", "q3")


def test_if_all_overflow_the_first_in_hours_is_taken_and_its_action_is_due() -> None:
    decision = routed(
        (to("r1", "q1"), to("r2", "q2"), to("r3", "q3")),
        {"q1": closed(NOON, MOVES_TO_Q9), "q2": CROWDED, "q3": CROWDED},
    )
    assert (decision.queue_id, decision.reason, decision.rule_id) == ("q2", RouteReason.ALL_OVERFLOW, "r2")
    assert decision.overflow == FULL
    assert decision.ends
    assert steps(decision) == [
        ("r1", "overflowing", "out_of_hours"),
        ("r2", "applied", "waiting_items"),
        ("r3", "overflowing", "waiting_items"),
    ]


def test_if_all_are_closed_the_one_that_opens_first_is_taken() -> None:
    never = closed(None)
    late = closed(NOON + timedelta(hours=2))
    soon = closed(NOON + timedelta(hours=1), MOVES_TO_Q9)
    decision = routed((to("r1", "q1"), to("r2", "q2"), to("r3", "q3")), {"q1": never, "q2": late, "q3": soon})
    assert decision.queue_id == "q3"
    assert decision.enters == "q9"
    assert not decision.ends
    anyway = routed((to("r1", "q1"), to("r2", "q2")), {"q1": never, "q2": late})
    assert anyway.queue_id == anyway.enters == "q2"


def test_without_a_match_the_fallback_queue_is_taken_whatever_its_overflow() -> None:
    decision = routed((to("r1", "q1", NEVER),), {"fallback": CROWDED})
    assert decision == RouteDecision("fallback", RouteReason.NO_RULE_MATCHED, trace=decision.trace)
    assert routed((), {}).enters == "fallback"


@pytest.mark.parametrize("before", [(), (to("r0", "q1"),)])
def test_a_rule_that_fails_before_a_decision_leads_to_the_fallback_queue(
    before: tuple[RouteRule, ...],
) -> None:
    decision = routed((*before, to("r1", "q1", BROKEN), to("r2", "q2")), {"q1": CROWDED, "q2": FREE})
    assert (decision.queue_id, decision.reason, decision.overflow) == (
        "fallback",
        RouteReason.RULE_FAILED,
        None,
    )
    assert steps(decision)[-1] == ("r1", "error", "not_a_number")


def test_a_rule_that_fails_after_the_decision_changes_nothing() -> None:
    assert routed((to("r1", "q1"), to("r2", "q2", BROKEN)), {"q1": FREE}).queue_id == "q1"


def test_a_classification_that_failed_leads_to_the_fallback_queue() -> None:
    decision = routed((to("r1", "q1"),), {"q1": FREE}, Classification(failed=True))
    assert (decision.queue_id, decision.reason) == ("fallback", RouteReason.RULE_FAILED)


def test_a_queue_that_is_gone_leads_to_the_fallback_queue() -> None:
    decision = routed((to("r1", "q1"),), {})
    assert (decision.queue_id, decision.reason) == ("fallback", RouteReason.UNKNOWN_QUEUE)
    assert steps(decision) == [("r1", "error", "unknown_queue")]


states = st.builds(
    CandidateQueue,
    st.builds(QueueLoad, st.sampled_from([0, 3]), in_hours=st.booleans()),
    st.sampled_from([NO_OVERFLOW, ENDS_WHEN_FULL, MOVES_TO_Q9]),
    st.none() | st.integers(0, 5).map(lambda hours: NOON + timedelta(hours=hours)),
)


def overflow_of(state: CandidateQueue) -> Overflow | None:
    if state.load.in_hours:
        return FULL if state.load.waiting == 3 and state.policy is ENDS_WHEN_FULL else None
    if state.policy is MOVES_TO_Q9:
        return TO_Q9
    return FULL if state.load.waiting == 3 and state.policy is ENDS_WHEN_FULL else ANYWAY


@given(
    st.lists(st.tuples(st.sampled_from(["q1", "q2", "q3", "q4"]), st.sampled_from([ALWAYS, NEVER, BROKEN]))),
    st.dictionaries(st.sampled_from(["q1", "q2", "q3"]), states),
)
def test_every_route_agrees_with_the_rule_read_word_by_word(
    listed: list[tuple[str, Group]], known: dict[str, CandidateQueue]
) -> None:
    rules = tuple(to(f"r{n}", queue_id, conditions) for n, (queue_id, conditions) in enumerate(listed))
    decision = routed(rules, known)
    overflowing = []
    for queue_id, conditions in listed:
        if conditions is BROKEN or (conditions is ALWAYS and queue_id not in known):
            assert decision.queue_id == "fallback"
            return
        if conditions is ALWAYS and overflow_of(known[queue_id]) is None:
            assert (decision.queue_id, decision.overflow) == (queue_id, None)
            return
        if conditions is ALWAYS:
            overflowing.append(queue_id)
    in_hours = [queue_id for queue_id in overflowing if known[queue_id].load.in_hours]
    opening = [queue_id for queue_id in overflowing if known[queue_id].opens_at is not None]
    if in_hours:
        expected = in_hours[0]
    elif opening:
        expected = min(opening, key=lambda queue_id: known[queue_id].opens_at or NOON)
    else:
        expected = overflowing[0] if overflowing else "fallback"
    assert decision.queue_id == expected
    assert decision.overflow == (overflow_of(known[expected]) if overflowing else None)


def test_a_rule_with_an_overflow_of_its_own_does_not_heed_that_of_the_queue() -> None:
    important = RouteRule("r1", ALWAYS, (RouteTarget("q1"),), OverflowPolicy())
    assert routed((important, to("r2", "q2")), {"q1": CROWDED, "q2": FREE}).queue_id == "q1"
    assert routed((to("r1", "q1"), to("r2", "q2")), {"q1": CROWDED, "q2": FREE}).queue_id == "q2"


def test_a_queue_is_counted_as_far_as_one_of_its_rules_or_itself_needs() -> None:
    five = BeforeQueueing(OverflowCondition.WAITING_ITEMS, OverflowAction.END, waiting=5)
    own = RouteRule("own", ALWAYS, (RouteTarget("q1"),), OverflowPolicy((five,)))
    free = RouteRule("free", ALWAYS, (RouteTarget("q2"),), OverflowPolicy())
    matches = match_routes((own, to("r2", "q1"), free), FACTS, NOT_CLASSIFIED)
    assert matches.counts_to("q1", ENDS_WHEN_FULL) == 5
    assert matches.counts_to("q1", NO_OVERFLOW) == 5
    assert matches.counts_to("q2", ENDS_WHEN_FULL) is None


SPLIT = (RouteTarget("q1", 70), RouteTarget("q2", 25), RouteTarget("q3", 5))


def test_the_queue_of_a_conversation_in_a_split_never_changes() -> None:
    assert [share_of(SPLIT, f"conversation-{n}") for n in range(8)] == [
        "q2",
        "q2",
        "q2",
        "q1",
        "q2",
        "q1",
        "q1",
        "q1",
    ]


def test_shares_are_met_within_a_few_conversations() -> None:
    counts = Counter(share_of(SPLIT, f"conversation-{n}") for n in range(10_000))
    assert abs(counts["q1"] - 7000) < 150
    assert abs(counts["q2"] - 2500) < 150
    assert abs(counts["q3"] - 500) < 75


KNOWN = KnownIds(queues=frozenset({"q1", "q2", "q3"}))


def split(*targets: RouteTarget) -> tuple[RouteRule, ...]:
    return (RouteRule("r", ALWAYS, targets),)


@pytest.mark.parametrize(
    ("rules", "wrong"),
    [
        (split(*SPLIT), []),
        (split(), [("rules.0.targets", "required")]),
        (split(RouteTarget("q1", 60), RouteTarget("q2", 39)), [("rules.0.targets", "not_100_percent")]),
        (split(RouteTarget("q1", 50), RouteTarget("q1", 50)), [("rules.0.targets.1", "duplicate")]),
        (split(RouteTarget("q9")), [("rules.0.targets.0.queue_id", "unknown_queue")]),
        (
            split(RouteTarget("q1", 0), RouteTarget("q2", 100)),
            [("rules.0.targets.0.percent", "out_of_range")],
        ),
        (
            split(*[RouteTarget(q, 20) for q in ("q1", "q2", "q3", "q1", "q2", "q3")]),
            [
                ("rules.0.targets", "too_many"),
                ("rules.0.targets.3", "duplicate"),
                ("rules.0.targets.4", "duplicate"),
                ("rules.0.targets.5", "duplicate"),
            ],
        ),
        ((to("r", "q1"), to("r", "q1")), [("rules.1", "duplicate")]),
        (
            (RouteRule("r", ALWAYS, (RouteTarget("q9"),), MOVES_TO_Q9),),
            [
                ("rules.0.targets.0.queue_id", "unknown_queue"),
                ("rules.0.overflow.before.0.queue_id", "own_queue"),
            ],
        ),
        (
            (
                RouteRule(
                    "r",
                    ALWAYS,
                    (RouteTarget("q1"),),
                    OverflowPolicy(while_queued=WhileQueued(60, OverflowAction.END)),
                ),
            ),
            [("rules.0.overflow.while_queued", "not_of_rules")],
        ),
        (
            (to("r", "q1", Group((Condition("age", Operator.IS_KNOWN),))),),
            [("rules.0.conditions.items.0.field", "unknown_field")],
        ),
    ],
)
def test_wrong_route_rules_are_named_field_by_field(
    rules: tuple[RouteRule, ...], wrong: list[tuple[str, str]]
) -> None:
    assert [(each.path, each.code) for each in validate_route_rules(rules, KNOWN)] == wrong
