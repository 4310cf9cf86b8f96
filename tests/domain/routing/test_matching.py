"""Looking only at what changed leaves nobody waiting beside a free agent who may be asked.

The dispatcher will read marks: this item, this agent, this queue changed. The stories here do the same with
the real choice, and after each step look at everything.
"""

import random
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from domain.routing.assignment import Assignment
from domain.routing.capacity import CapacityLimits, UsedCapacity
from domain.routing.chooser import choose, order_items
from domain.routing.demand import Demand, SkillMatching, SkillNeed
from domain.routing.eligibility import is_eligible
from domain.routing.members import Member, WorkItem
from domain.routing.presence import PresenceKind
from support.work_items import NOW

BY = Assignment()
QUEUES = ("q0", "q1", "q2")


@dataclass
class Desk:
    """Agents, their queues, what waits and who has what; `marks` are worked off after each step."""

    random: random.Random
    looks_at_declined_again: bool = True
    agents: dict[str, Member] = field(default_factory=dict)
    queues: dict[str, set[str]] = field(default_factory=dict)
    waiting: dict[str, WorkItem] = field(default_factory=dict)
    held: dict[str, tuple[WorkItem, str]] = field(default_factory=dict)
    marks: list[tuple[str, str]] = field(default_factory=list)
    items: int = 0

    def __post_init__(self) -> None:
        for n in range(5):
            ratings = {skill: 1 for skill in ("s0", "s1") if self.random.random() < 0.6}
            kind = PresenceKind.AVAILABLE if self.random.random() < 0.7 else PresenceKind.AWAY
            agent = f"a{n}"
            self.agents[agent] = Member(
                agent, kind, CapacityLimits(self.random.randint(1, 2)), ratings=ratings
            )
            self.queues[agent] = set(self.random.sample(QUEUES, self.random.randint(1, 3)))

    def members_of(self, queue_id: str) -> list[Member]:
        return [self.agents[agent] for agent, queues in self.queues.items() if queue_id in queues]

    def use(self, agent: str, units: int) -> None:
        member = self.agents[agent]
        self.agents[agent] = replace(member, used=UsedCapacity(member.used.units + units))

    def claim(self, work: WorkItem, agent: str) -> None:
        del self.waiting[work.conversation_id]
        self.held[work.conversation_id] = (work, agent)
        self.use(agent, 1)

    def look_at_item(self, conversation_id: str) -> None:
        work = self.waiting.get(conversation_id)
        if work is None:
            return
        choice = choose(work, self.members_of(work.demand.queue_id), BY, NOW)
        if choice is not None:
            self.claim(work, choice.agent_id)

    def look_at_agent(self, agent: str) -> None:
        while work := self.best_for(agent):
            self.claim(work, agent)

    def best_for(self, agent: str) -> WorkItem | None:
        mine = [
            work
            for work in self.waiting.values()
            if work.demand.queue_id in self.queues[agent] and self.eligible(work, agent)
        ]
        return next(iter(order_items(agent, mine)), None)

    def eligible(self, work: WorkItem, agent: str) -> bool:
        return is_eligible(work, self.agents[agent], self.members_of(work.demand.queue_id), BY)

    def work_off_marks(self) -> None:
        while self.marks:
            kind, key = self.marks.pop(0)
            if kind == "item":
                self.look_at_item(key)
                continue
            self.look_at_agent(key)
            if kind == "presence" and self.looks_at_declined_again:
                declined = [
                    w for w in self.waiting.values() if w.declines and w.demand.queue_id in self.queues[key]
                ]
                for work in order_items(key, declined):
                    self.look_at_item(work.conversation_id)

    def step(self) -> None:
        dice, held = self.random.random(), sorted(self.held)
        if dice < 0.4:
            self.arrive()
        elif dice < 0.8 and held:
            work, agent = self.held.pop(self.random.choice(held))
            self.use(agent, -1)
            self.marks.append(("agent", agent))
            if dice >= 0.6:
                times = work.declined_by(agent) + 1
                self.waiting[work.conversation_id] = replace(work, declines={**work.declines, agent: times})
                self.marks.append(("item", work.conversation_id))
        else:
            self.come_or_go(self.random.choice(sorted(self.agents)))
        self.work_off_marks()

    def arrive(self) -> None:
        self.items += 1
        skills = (SkillNeed(self.random.choice(["s0", "s1"])),) if self.random.random() < 0.5 else ()
        demand = Demand(self.random.choice(QUEUES), "w1", skills, SkillMatching.EXACT)
        name = f"c{self.items}"
        self.waiting[name] = WorkItem(name, demand, NOW + timedelta(seconds=self.items))
        self.marks.append(("item", name))

    def come_or_go(self, agent: str) -> None:
        member = self.agents[agent]
        away = member.presence is PresenceKind.AVAILABLE
        kind = PresenceKind.AWAY if away else PresenceKind.AVAILABLE
        self.agents[agent] = replace(member, presence=kind)
        self.marks.append(("presence", agent))

    def left_beside_a_free_agent(self) -> list[str]:
        return [
            work.conversation_id
            for work in self.waiting.values()
            if any(
                self.eligible(work, agent)
                for agent in self.agents
                if work.demand.queue_id in self.queues[agent]
            )
        ]


def story(seed: int, *, looks_at_declined_again: bool) -> list[str]:
    """What waits beside a free agent after the first step at which anything does."""
    desk = Desk(random.Random(seed), looks_at_declined_again)  # noqa: S311  # a story that can be told again
    for _ in range(60):
        desk.step()
        if left := desk.left_beside_a_free_agent():
            return left
        assert all(member.used.units <= (member.limits.units or 0) for member in desk.agents.values())
    return []


@pytest.mark.parametrize("seed", range(20))
def test_nobody_waits_beside_a_free_agent_who_may_be_asked(seed: int) -> None:
    assert story(seed, looks_at_declined_again=True) == []


def test_without_a_second_look_at_what_was_declined_somebody_would() -> None:
    assert any(story(seed, looks_at_declined_again=False) for seed in range(40))
