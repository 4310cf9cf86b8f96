"""What a waiting conversation asks for, and how an agent's skills answer it.

Source: docs/reference/work-distribution.md, "Skills".

Conversations with equal demands are alike to whoever matches them with agents, so they share one row.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import lru_cache

from domain.routing.capacity import ONE_UNIT, CapacityNeed

MIN_RATING, MAX_RATING = 1, 100

DEFAULT_QUEUE_ID = "default"
"""The queue that every agent and supervisor serves, and that conversations without a queue belong to."""


class SkillMatching(StrEnum):
    """What skills decide: who may have it (EXACT), who comes first (CLOSEST), or nothing (NONE)."""

    EXACT = "exact"
    CLOSEST = "closest"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SkillNeed:
    """A skill that is asked for, with the least rating; 1 where ratings do not matter."""

    skill_id: str
    rating: int = MIN_RATING


@dataclass(frozen=True, slots=True)
class Demand:
    """What an item asks for. Made canonical: skills by id, once each; none where they decide nothing."""

    queue_id: str
    workstream_id: str
    skills: tuple[SkillNeed, ...] = ()
    skill_matching: SkillMatching = SkillMatching.NONE
    need: CapacityNeed = ONE_UNIT

    def __post_init__(self) -> None:
        skills = () if self.skill_matching is SkillMatching.NONE else merged_skills(self.skills)
        need = CapacityNeed(self.need.units, tuple(sorted(set(self.need.profiles))))
        object.__setattr__(self, "skills", skills)
        object.__setattr__(self, "need", need)

    @property
    def key(self) -> str:
        """Equal for equal demands and no others, in every process: 32 hexadecimal digits."""
        return _key_of(self)


@lru_cache(maxsize=4096)
def _key_of(demand: Demand) -> str:
    written = json.dumps(asdict(demand), sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(written.encode(), digest_size=16).hexdigest()


def merged_skills(*skills: Iterable[SkillNeed]) -> tuple[SkillNeed, ...]:
    """All of them, by id; of a skill that is there twice the higher rating. Routing again only adds."""
    highest: dict[str, int] = {}
    for each in (need for needs in skills for need in needs):
        highest[each.skill_id] = max(each.rating, highest.get(each.skill_id, each.rating))
    return tuple(SkillNeed(skill_id, rating) for skill_id, rating in sorted(highest.items()))


class SkillFit(StrEnum):
    """How an agent's ratings answer all skills that are asked for, best first."""

    EXACT = "exact"
    OVER = "over"
    UNDER = "under"
    NONE = "none"


_RANK = {fit: rank for rank, fit in enumerate(SkillFit)}


def skill_fit(needs: Collection[SkillNeed], ratings: Mapping[str, int]) -> tuple[SkillFit, int]:
    """The fit and its distance. `ratings`: the agent's, by skill id.

    UNDER: one is missing or too low; its distance is what is missing of all ratings. OVER: all suffice, and
    the distance is what they have too much. NONE: not one of them is there.
    """
    gaps = [ratings.get(need.skill_id, 0) - need.rating for need in needs]
    missing = -sum(gap for gap in gaps if gap < 0)
    if missing:
        known = any(need.skill_id in ratings for need in needs)
        return (SkillFit.UNDER if known else SkillFit.NONE), missing
    excess = sum(gaps)
    return (SkillFit.OVER if excess else SkillFit.EXACT), excess


def has_skills(demand: Demand, ratings: Mapping[str, int]) -> bool:
    """Whether an agent may have it at all, as far as skills go."""
    if demand.skill_matching is not SkillMatching.EXACT:
        return True
    return skill_fit(demand.skills, ratings)[0] in {SkillFit.EXACT, SkillFit.OVER}


def skill_order(demand: Demand, ratings: Mapping[str, int]) -> tuple[int, int]:
    """The place of an agent by skills, smallest first: equal for all unless the match is CLOSEST."""
    if demand.skill_matching is not SkillMatching.CLOSEST:
        return 0, 0
    fit, distance = skill_fit(demand.skills, ratings)
    return _RANK[fit], distance
