"""The choice of agent and item: literal cases, and agreement with the rules read word by word."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.routing.assignment import (
    Assignment,
    AssignmentMethod,
    AssignmentRule,
    OrderColumn,
    validate_assignment,
)
from domain.routing.capacity import CapacityLimits, CapacityNeed, Origin, UsedCapacity
from domain.routing.chooser import Choice, choose, order_items
from domain.routing.conditions import ALWAYS, Condition, Group, Operator
from domain.routing.demand import Demand, SkillMatching, SkillNeed
from domain.routing.eligibility import (
    ParkReason,
    WhyNotAsked,
    fulfils_wish,
    is_eligible,
    park_reason,
    why_not_asked,
)
from domain.routing.members import Member, Wish, WishKind, WorkItem
from domain.routing.presence import PresenceKind
from support.work_items import NOW, assignments, items, members

HIGHEST, ROUND_ROBIN, LEAST_ACTIVE = (
    Assignment(method)
    for method in (
        AssignmentMethod.HIGHEST_CAPACITY,
        AssignmentMethod.ADVANCED_ROUND_ROBIN,
        AssignmentMethod.LEAST_ACTIVE,
    )
)
K = PresenceKind
PLAIN = Demand("q1", "w1")


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 20, hour, minute, tzinfo=UTC)


def member(
    agent_id: str,
    *,
    kind: PresenceKind = K.AVAILABLE,
    units: int = 3,
    used: int = 0,
    sessions: int = 0,
    ratings: Mapping[str, int] | None = None,
    assigned: datetime | None = None,
    freed: datetime | None = None,
) -> Member:
    return Member(
        agent_id, kind, CapacityLimits(units), UsedCapacity(used), sessions, ratings or {}, assigned, freed
    )


def item(demand: Demand = PLAIN, **more: object) -> WorkItem:
    return WorkItem("c1", demand, at(10), **more)  # type: ignore[arg-type]


def chosen(work: WorkItem, *team: Member, by: Assignment = HIGHEST, now: datetime = NOW) -> str | None:
    choices = {choose(work, order, by, now) for order in permutations(team)}
    assert len(choices) == 1  # the order of rows does not matter
    choice = choices.pop()
    return None if choice is None else choice.agent_id


# Methods


def test_highest_capacity_takes_who_has_most_room_and_ties_go_round_robin() -> None:
    # https://learn.microsoft.com/en-us/dynamics365/customer-service/administer/assignment-methods
    lesa = member("lesa", used=1, assigned=at(10, 30))
    alicia = member("alicia", used=1, assigned=at(10, 35))
    alan = member("alan", used=1, assigned=at(10, 37))
    assert chosen(item(), lesa, alicia, alan) == "lesa"
    assert (
        chosen(item(), replace(lesa, used=UsedCapacity(2), last_assigned_at=at(10, 40)), alicia, alan)
        == "alicia"
    )


def test_round_robin_takes_whose_last_assignment_in_the_queue_is_longest_ago_whatever_their_room() -> None:
    assert (
        chosen(item(), member("a", assigned=at(9)), member("b", used=2, assigned=at(8)), by=ROUND_ROBIN)
        == "b"
    )
    assert chosen(item(), member("a", assigned=at(8)), member("new"), by=ROUND_ROBIN) == "new"


def test_least_active_takes_who_got_capacity_back_longest_ago() -> None:
    oscar, victoria = member("oscar", freed=at(13, 15)), member("victoria", freed=at(13, 10))
    assert chosen(item(), oscar, victoria, by=LEAST_ACTIVE) == "victoria"


def test_the_method_custom_asks_by_the_first_rule_that_fits_and_in_its_order() -> None:
    expert = Group((Condition("skill.s1", Operator.AT_LEAST, 3),))
    by = Assignment(
        AssignmentMethod.CUSTOM,
        (
            AssignmentRule("experts", expert, (OrderColumn.AVAILABLE, OrderColumn.HIGHEST_RATING)),
            AssignmentRule(
                "others", Group((Condition("skill.s1", Operator.IS_KNOWN),)), (OrderColumn.SKILL_COUNT,)
            ),
        ),
    )
    work = item(Demand("q1", "w1", (SkillNeed("s1"), SkillNeed("s2")), SkillMatching.CLOSEST))
    three, five = member("three", ratings={"s1": 3}), member("five", ratings={"s1": 5})
    one, both = member("one", ratings={"s1": 1}), member("both", ratings={"s1": 1, "s2": 1})
    assert chosen(work, three, five, one, both, by=by) == "five"
    assert chosen(work, three, replace(five, presence=K.BUSY), one, both, by=by) == "three"
    assert chosen(work, one, both, member("none"), by=by) == "both"
    assert chosen(work, member("none"), by=by) is None


# Who may be asked


@pytest.mark.parametrize(
    ("who", "asked"),
    [
        (member("a"), True),
        (member("a", kind=K.BUSY), True),
        (member("a", kind=K.AWAY), False),
        (member("a", kind=K.INACTIVE), False),
        (member("a", kind=K.OFFLINE), False),
        (member("a", used=2), True),
        (member("a", used=3), False),
        (member("a", used=4), False),
        (member("a", sessions=9), True),
        (member("a", sessions=10), False),
    ],
)
def test_presence_room_and_sessions_decide_who_is_asked(who: Member, asked: bool) -> None:
    assert (chosen(item(), who) is not None) is asked


def test_exact_skills_decide_who_is_asked_and_closest_ones_who_is_first() -> None:
    needs = (SkillNeed("s1", 2),)
    exact, closest = (
        Demand("q1", "w1", needs, mode) for mode in (SkillMatching.EXACT, SkillMatching.CLOSEST)
    )
    just, over = member("just", ratings={"s1": 2}, used=2), member("over", ratings={"s1": 3})
    under, none = member("under", ratings={"s1": 1}), member("none")
    assert chosen(item(exact), under, none) is None
    assert chosen(item(exact), just, over, under, none) == "over"
    assert chosen(item(closest), just, over, under, none) == "just"
    assert chosen(item(closest), over, under, none) == "over"
    assert chosen(item(closest), under, none) == "under"
    assert chosen(item(closest), none) == "none"


# Declined


def test_who_declined_is_asked_again_only_when_everybody_else_present_has_declined() -> None:
    a, b = member("a"), member("b", used=2)
    assert chosen(item(declines={"a": 1}), a, b) == "b"
    assert chosen(item(declines={"a": 1}), a, member("b", used=3)) is None  # b is present and only busy
    assert chosen(item(declines={"a": 1}), a, member("b", kind=K.OFFLINE)) == "a"
    assert chosen(item(declines={"a": 1, "b": 1}), a, member("b", used=3)) == "a"
    assert chosen(item(declines={"a": 2, "b": 1}), a, b) == "b"


def test_nobody_is_asked_more_often_than_the_decline_limit() -> None:
    assert chosen(item(declines={"a": 2}), member("a")) == "a"
    assert chosen(item(declines={"a": 3}), member("a")) is None
    assert chosen(item(declines={"a": 1}), member("a"), by=Assignment(decline_limit=1)) is None
    assert chosen(item(declines={"a": 3, "b": 1}), member("a"), member("b")) == "b"


def test_an_item_is_parked_when_every_qualified_member_is_at_the_limit() -> None:
    away, other = member("away", kind=K.OFFLINE), member("other", ratings={"s1": 1})
    needy = Demand("q1", "w1", (SkillNeed("s1"),), SkillMatching.EXACT)
    assert park_reason(item(declines={"a": 3}), [member("a")], HIGHEST) is ParkReason.ALL_AT_LIMIT
    assert park_reason(item(declines={"a": 3}), [member("a"), away], HIGHEST) is None
    assert (
        park_reason(item(needy, declines={"other": 3}), [other, member("a")], HIGHEST)
        is ParkReason.ALL_AT_LIMIT
    )
    assert park_reason(item(), [], HIGHEST) is None
    assert park_reason(item(needy), [member("a")], HIGHEST) is None


def test_an_item_is_parked_after_a_hundred_agents_declined() -> None:
    declines = {f"a{n}": 1 for n in range(99)}
    assert park_reason(item(declines=declines), [member("b")], HIGHEST) is None
    declines["a99"] = 1
    assert park_reason(item(declines=declines), [member("b")], HIGHEST) is ParkReason.TOO_MANY_DECLINED


# Affinity and preferred agents

FORMER, LIKED = Wish("former", WishKind.AFFINITY), Wish("liked", WishKind.PREFERRED)


def test_a_former_agent_gets_it_beyond_capacity_and_in_any_presence_but_offline() -> None:
    work = item(wishes=(FORMER,))
    for kind in set(PresenceKind) - {K.OFFLINE}:
        former = member("former", kind=kind, used=9)
        assert choose(work, [former, member("b")], HIGHEST, NOW) == Choice("former", Origin.AFFINITY)
    gone = member("former", kind=K.OFFLINE)
    assert choose(work, [gone, member("b")], HIGHEST, NOW) == Choice("b", Origin.PUSH)


def test_a_preferred_agent_gets_it_beyond_capacity_and_skills_but_only_in_an_allowed_presence() -> None:
    demand = Demand("q1", "w1", (SkillNeed("s1"),), SkillMatching.EXACT)
    work = item(demand, wishes=(LIKED,))
    skilled = member("b", ratings={"s1": 1})
    assert choose(work, [member("liked", used=9), skilled], HIGHEST, NOW) == Choice("liked", Origin.PREFERRED)
    assert chosen(work, member("liked", kind=K.AWAY), skilled) == "b"


def test_wishes_are_tried_in_their_order_and_need_members_with_a_session_left() -> None:
    work = item(wishes=(FORMER, LIKED))
    assert chosen(work, member("liked"), member("former")) == "former"
    assert chosen(work, member("liked"), member("former", sessions=10)) == "liked"
    assert chosen(work, member("liked")) == "liked"
    assert chosen(work, member("b")) == "b"


def test_a_reserved_item_waits_for_those_it_is_meant_for_until_its_instant() -> None:
    until = NOW + timedelta(seconds=60)
    work = item(wishes=(LIKED,), reserved_until=until)
    away = member("liked", kind=K.AWAY)
    assert chosen(work, away, member("b")) is None
    assert chosen(work, away, member("b"), now=until - timedelta(milliseconds=1)) is None
    assert chosen(work, away, member("b"), now=until) == "b"
    assert chosen(replace(work, only_wishes=True), away, member("b"), now=until) is None


def test_who_declined_what_was_meant_for_them_is_not_meant_any_more() -> None:
    work = item(wishes=(FORMER,), reserved_until=NOW + timedelta(seconds=60), only_wishes=True)
    declined = replace(work, declines={"former": 1})
    assert chosen(declined, member("former"), member("b")) == "b"


# Against the rules, read word by word


def admitted(work: WorkItem, who: Member, team: list[Member], by: Assignment) -> bool:
    """Everything that has to be so for an ordinary offer, without the code under test."""
    limit_reached = work.declines.get(who.agent_id, 0) >= by.decline_limit

    def serves(other: Member) -> bool:
        if other.presence not in work.allowed or other.presence in {K.INACTIVE, K.OFFLINE}:
            return False
        if work.demand.skill_matching is SkillMatching.EXACT and any(
            other.ratings.get(need.skill_id, 0) < need.rating for need in work.demand.skills
        ):
            return False
        return by.method is not AssignmentMethod.CUSTOM or first_rule(work, other, by) < len(by.rules)

    asked_before = work.declines.get(who.agent_id, 0) > 0
    others_left = [
        other
        for other in team
        if other is not who and serves(other) and not work.declines.get(other.agent_id, 0)
    ]
    need = work.demand.need.units
    room = who.sessions < 10 and (need == 0 or who.used.units + need <= (who.limits.units or 0))
    return serves(who) and room and not (asked_before and (limit_reached or others_left))


def first_rule(work: WorkItem, who: Member, by: Assignment) -> int:
    for place, rule in enumerate(by.rules):
        if not rule.conditions.items:
            return place
        condition = rule.conditions.items[0]
        assert isinstance(condition, Condition)
        if condition.field == "skill.s1" and who.ratings.get("s1", 0) >= 2:
            return place
        if condition.field == "needed_skills" and "s2" in {need.skill_id for need in work.demand.skills}:
            return place
    return len(by.rules)


@given(items, members, assignments)
def test_a_choice_breaks_no_rule_and_nobody_waits_beside_who_could_serve(
    work: WorkItem, team: list[Member], by: Assignment
) -> None:
    choice = choose(work, team, by, NOW)
    able = [who for who in team if admitted(work, who, team, by)]
    assert [who for who in team if is_eligible(work, who, team, by)] == able
    if choice is None:
        assert not able or work.is_reserved(NOW)
        return
    who = next(each for each in team if each.agent_id == choice.agent_id)
    if choice.origin is Origin.PUSH:
        assert who in able
        assert not work.is_reserved(NOW)
        fewest = min(work.declines.get(each.agent_id, 0) for each in able)
        assert work.declines.get(who.agent_id, 0) == fewest
        return
    assert choice.agent_id in {wish.agent_id for wish in work.wishes}
    assert not work.declines.get(who.agent_id, 0)
    assert who.presence is not K.OFFLINE
    assert who.sessions < 10


@settings(max_examples=40)
@given(items, members, assignments)
def test_the_method_orders_those_who_declined_equally_often_and_fit_equally_well(
    work: WorkItem, team: list[Member], by: Assignment
) -> None:
    work = replace(work, wishes=(), demand=replace(work.demand, skill_matching=SkillMatching.NONE))
    choice = choose(work, team, by, NOW)
    if choice is None or by.method is AssignmentMethod.CUSTOM:
        return
    best = next(each for each in team if each.agent_id == choice.agent_id)
    past = datetime.min.replace(tzinfo=UTC)
    for other in team:
        if not admitted(work, other, team, by):
            continue
        if work.declines.get(other.agent_id, 0) != work.declines.get(best.agent_id, 0):
            continue
        if by.method is AssignmentMethod.HIGHEST_CAPACITY:
            assert (best.limits.units or 0) - best.used.units >= (other.limits.units or 0) - other.used.units
        if by.method is AssignmentMethod.ADVANCED_ROUND_ROBIN:
            assert (best.last_assigned_at or past) <= (other.last_assigned_at or past)
        if by.method is AssignmentMethod.LEAST_ACTIVE:
            assert (best.freed_at or past) <= (other.freed_at or past)


# The items of one agent


def test_items_come_by_wish_then_queue_then_priority_then_age() -> None:
    def work(name: str, *, queue: int = 1, priority: int = 0, hour: int = 10, **more: object) -> WorkItem:
        return WorkItem(name, PLAIN, at(hour), queue_priority=queue, priority=priority, **more)  # type: ignore[arg-type]

    mia, other = Wish("mia", WishKind.AFFINITY), Wish("bo", WishKind.AFFINITY)
    ordered = [
        work("former", queue=9, wishes=(mia,)),
        work("preferred", queue=8, wishes=(Wish("mia", WishKind.PREFERRED),)),
        work("first queue", queue=0, wishes=(other,)),
        work("urgent", priority=5),
        work("old", hour=8),
        work("declined", hour=9, wishes=(mia,), declines={"mia": 1}),
        work("tie 1"),
        work("tie 2"),
        work("last queue", queue=2, priority=9, hour=1),
    ]
    for shuffled in (ordered[::-1], ordered[4:] + ordered[:4]):
        assert [each.conversation_id for each in order_items("mia", shuffled)] == [
            each.conversation_id for each in ordered
        ]


@settings(max_examples=15)
@given(st.lists(items, max_size=3, unique_by=lambda work: work.conversation_id), st.randoms())
def test_the_order_of_items_does_not_depend_on_the_order_of_rows(
    waiting: list[WorkItem], random: Random
) -> None:
    ordered = order_items("a", waiting)
    random.shuffle(waiting)
    assert order_items("a", waiting) == ordered


# What may be saved


@pytest.mark.parametrize(
    ("assignment", "wrong"),
    [
        (HIGHEST, []),
        (
            Assignment(
                AssignmentMethod.CUSTOM, (AssignmentRule("r", ALWAYS, (OrderColumn.ROUND_ROBIN,)),), 5
            ),
            [],
        ),
        (Assignment(decline_limit=0), [("decline_limit", "out_of_range")]),
        (Assignment(decline_limit=6), [("decline_limit", "out_of_range")]),
        (Assignment(rules=(AssignmentRule("r"),)), [("rules", "not_used")]),
        (Assignment(AssignmentMethod.CUSTOM), [("rules", "required")]),
        (
            Assignment(
                AssignmentMethod.CUSTOM,
                (
                    AssignmentRule("r", Group((Condition("presence", Operator.IS_KNOWN),))),
                    AssignmentRule("r", ALWAYS, (OrderColumn.ROUND_ROBIN, OrderColumn.ROUND_ROBIN)),
                ),
            ),
            [
                ("rules.1", "duplicate"),
                ("rules.0.conditions.items.0.field", "unknown_field"),
                ("rules.1.order.1", "duplicate"),
            ],
        ),
    ],
)
def test_a_wrong_assignment_is_named_field_by_field(
    assignment: Assignment, wrong: list[tuple[str, str]]
) -> None:
    assert [(each.path, each.code) for each in validate_assignment(assignment)] == wrong


def test_units_of_profiles_alone_count_as_room() -> None:
    assert chosen(item(Demand("q1", "w1", need=CapacityNeed(0))), member("a", used=3)) == "a"


@given(items, members, assignments)
@settings(max_examples=300)
def test_who_is_asked_is_one_of_those_of_whom_nothing_says_why_not(
    item: WorkItem, everybody: list[Member], assignment: Assignment
) -> None:
    why = {each.agent_id: why_not_asked(item, each, everybody, assignment, NOW) for each in everybody}
    choice = choose(item, everybody, assignment, NOW)
    assert (choice is None) == (None not in why.values())
    assert choice is None or why[choice.agent_id] is None
    for each in everybody:
        wished = any(
            wish.agent_id == each.agent_id and fulfils_wish(item, wish, each) for wish in item.wishes
        )
        by_right = is_eligible(item, each, everybody, assignment) and not item.is_reserved(NOW)
        assert (why[each.agent_id] is None) == (wished or by_right)


def test_why_a_member_is_not_asked_is_the_first_reason_that_holds() -> None:
    item = WorkItem("c1", Demand("q1", "w1", (SkillNeed("s1", 2),), SkillMatching.EXACT), at(9))
    able = member("able", ratings={"s1": 2})
    cases = {
        None: able,
        WhyNotAsked.PRESENCE: replace(able, presence=K.AWAY, sessions=10),
        WhyNotAsked.SKILLS: replace(able, ratings={"s1": 1}, sessions=10),
        WhyNotAsked.NO_ROOM: replace(able, used=UsedCapacity(3)),
    }
    for reason, each in cases.items():
        assert why_not_asked(item, each, [each], HIGHEST, NOW) is reason
    again = replace(item, declines={"able": 1})
    other = replace(able, agent_id="other")
    assert why_not_asked(again, able, [able, other], HIGHEST, NOW) is WhyNotAsked.DECLINED
    assert why_not_asked(again, able, [able], HIGHEST, NOW) is None
    assert why_not_asked(replace(item, declines={"able": 3}), able, [able], HIGHEST, NOW) is (
        WhyNotAsked.DECLINE_LIMIT
    )
    kept = replace(item, wishes=(Wish("other", WishKind.PREFERRED),), only_wishes=True)
    assert why_not_asked(kept, able, [able, other], HIGHEST, NOW) is WhyNotAsked.RESERVED
    assert why_not_asked(kept, other, [able, other], HIGHEST, NOW) is None
