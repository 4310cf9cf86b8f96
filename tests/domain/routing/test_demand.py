"""Demands: one key for equal ones, and how ratings answer the skills that are asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.routing.capacity import CapacityNeed
from domain.routing.demand import (
    Demand,
    SkillFit,
    SkillMatching,
    SkillNeed,
    has_skills,
    merged_skills,
    skill_fit,
    skill_order,
)

skills = st.lists(st.builds(SkillNeed, st.sampled_from("abc"), st.integers(1, 3)), max_size=4).map(tuple)
demands = st.builds(
    Demand,
    st.sampled_from(["q1", "q2"]),
    st.sampled_from(["w1", "w2"]),
    skills,
    st.sampled_from(SkillMatching),
    st.builds(CapacityNeed, st.integers(0, 2), st.lists(st.sampled_from("pq"), max_size=2).map(tuple)),
)
SPANISH, COFFEE = SkillNeed("spanish", 3), SkillNeed("coffee", 2)


def test_the_key_of_a_demand_never_changes() -> None:
    demand = Demand("q1", "w1", (SPANISH, COFFEE), SkillMatching.EXACT, CapacityNeed(1, ("b", "a")))
    assert demand.key == "253b763c431f8513f4502b2965738d90"


def test_order_and_repetition_make_no_other_demand() -> None:
    one = Demand("q1", "w1", (SPANISH, COFFEE), SkillMatching.EXACT, CapacityNeed(0, ("b", "a")))
    other = Demand(
        "q1", "w1", (COFFEE, SPANISH, COFFEE), SkillMatching.EXACT, CapacityNeed(0, ("a", "b", "a"))
    )
    assert one == other
    assert one.key == other.key


def test_skills_make_no_other_demand_where_they_decide_nothing() -> None:
    assert Demand("q1", "w1", (SPANISH,)) == Demand("q1", "w1")


@given(demands, demands)
def test_keys_are_equal_exactly_for_equal_demands(one: Demand, other: Demand) -> None:
    assert (one.key == other.key) is (one == other)


@given(skills, skills)
def test_routing_again_only_adds_skills(first: tuple[SkillNeed, ...], then: tuple[SkillNeed, ...]) -> None:
    merged = {each.skill_id: each.rating for each in merged_skills(first, then)}
    assert merged.keys() == {each.skill_id for each in (*first, *then)}
    assert all(merged[each.skill_id] >= each.rating for each in (*first, *then))
    assert merged_skills(first, then) == merged_skills(then, first)


@pytest.mark.parametrize(
    ("ratings", "fit", "distance"),
    [
        ({"spanish": 3, "coffee": 2}, SkillFit.EXACT, 0),
        ({"spanish": 5, "coffee": 2, "tea": 9}, SkillFit.OVER, 2),
        ({"spanish": 5, "coffee": 1}, SkillFit.UNDER, 1),
        ({"spanish": 1}, SkillFit.UNDER, 4),
        ({"tea": 9}, SkillFit.NONE, 5),
        ({}, SkillFit.NONE, 5),
    ],
)
def test_ratings_are_exact_over_under_or_none(ratings: dict[str, int], fit: SkillFit, distance: int) -> None:
    assert skill_fit((SPANISH, COFFEE), ratings) == (fit, distance)


def test_the_examples_of_the_reference_are_ordered_as_it_orders_them() -> None:
    # https://learn.microsoft.com/en-us/dynamics365/customer-service/administer/set-up-skill-based-routing
    needs = (SkillNeed("cafe", 2), SkillNeed("machine", 3), SkillNeed("spanish", 3))
    demand = Demand("q1", "w1", needs, SkillMatching.CLOSEST)
    agents = {
        "jamie": {"cafe": 1, "machine": 2, "spanish": 1},
        "eric": {"cafe": 5, "machine": 4, "spanish": 1},
        "carlos": {"cafe": 2, "machine": 3, "spanish": 3},
    }
    assert sorted(agents, key=lambda name: skill_order(demand, agents[name])) == ["carlos", "eric", "jamie"]


@given(skills, st.dictionaries(st.sampled_from("abcd"), st.integers(1, 3)))
def test_exact_needs_every_rating_and_the_other_modes_none(
    needs: tuple[SkillNeed, ...], ratings: dict[str, int]
) -> None:
    suffices = all(ratings.get(each.skill_id, 0) >= each.rating for each in needs)
    assert has_skills(Demand("q", "w", needs, SkillMatching.EXACT), ratings) is suffices
    assert has_skills(Demand("q", "w", needs, SkillMatching.CLOSEST), ratings)
    assert has_skills(Demand("q", "w", needs, SkillMatching.NONE), ratings)
    assert skill_order(Demand("q", "w", needs, SkillMatching.EXACT), ratings) == (0, 0)
