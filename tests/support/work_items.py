"""Members and waiting items of one queue, as Hypothesis makes them: few values, so that ties are common."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from domain.routing.assignment import Assignment, AssignmentMethod, AssignmentRule, OrderColumn
from domain.routing.capacity import CapacityLimits, CapacityNeed, UsedCapacity
from domain.routing.conditions import ALWAYS, Condition, Group, Operator
from domain.routing.demand import Demand, SkillMatching, SkillNeed
from domain.routing.members import Member, Wish, WishKind, WorkItem
from domain.routing.presence import PresenceKind

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
AGENTS = ("a", "b", "c", "d")

instants = st.none() | st.integers(0, 3).map(lambda hours: NOW - timedelta(hours=hours))
members = st.lists(
    st.builds(
        Member,
        st.sampled_from(AGENTS),
        st.sampled_from([PresenceKind.AVAILABLE, PresenceKind.AVAILABLE, *PresenceKind]),
        st.builds(CapacityLimits, st.integers(1, 3)),
        st.builds(UsedCapacity, st.integers(0, 2)),
        st.sampled_from([0, 0, 0, 9, 10]),
        st.dictionaries(st.sampled_from(["s1", "s2"]), st.integers(1, 3)),
        instants,
        instants,
    ),
    max_size=4,
    unique_by=lambda member: member.agent_id,
)
demands = st.builds(
    Demand,
    st.just("q1"),
    st.just("w1"),
    st.lists(st.builds(SkillNeed, st.sampled_from(["s1", "s2"]), st.integers(1, 3)), max_size=2).map(tuple),
    st.sampled_from(SkillMatching),
    st.builds(CapacityNeed, st.integers(0, 2)),
)
wishes = st.just(()) | st.lists(
    st.builds(Wish, st.sampled_from(AGENTS), st.sampled_from(WishKind)),
    max_size=2,
    unique_by=lambda wish: wish.agent_id,
).map(tuple)
items = st.builds(
    WorkItem,
    st.sampled_from(["c1", "c2", "c3"]),
    demands,
    st.integers(0, 2).map(lambda hours: NOW - timedelta(hours=hours)),
    st.sampled_from(
        [
            frozenset({PresenceKind.AVAILABLE}),
            frozenset({PresenceKind.AVAILABLE, PresenceKind.BUSY}),
            frozenset(PresenceKind),
        ]
    ),
    st.integers(0, 1),
    st.integers(0, 1),
    st.just({}) | st.dictionaries(st.sampled_from(AGENTS), st.integers(0, 3)),
    wishes,
    st.none() | st.integers(-1, 1).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    st.sampled_from([False, False, True]),
)
rules = st.builds(
    AssignmentRule,
    st.just("r"),
    st.sampled_from(
        [
            ALWAYS,
            Group((Condition("skill.s1", Operator.AT_LEAST, 2),)),
            Group((Condition("needed_skills", Operator.CONTAINS, "s2"),)),
        ]
    ),
    st.lists(st.sampled_from(OrderColumn), max_size=2, unique=True).map(tuple),
)
assignments = st.builds(
    Assignment, st.sampled_from(AssignmentMethod), st.lists(rules, max_size=2).map(tuple), st.integers(1, 3)
)
