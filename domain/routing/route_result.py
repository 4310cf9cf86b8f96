"""What a conversation is routed by, and what comes of it: ids, numbers and instants, never values.

Both lie in histories. What rules give a conversation besides, its context, goes to the store alone.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from domain.routing.demand import Demand, SkillNeed
from domain.routing.members import Wish
from domain.routing.overflow import Overflow, OverflowAction, OverflowCondition
from domain.routing.route_to_queue import RouteDecision, RouteReason, WhenEmpty
from domain.routing.rules import RuleOutcome, TraceStep

MAX_STEPS_KEPT = 30
PROFILE_WAIT = timedelta(seconds=3)
"""So long routing waits for the profile of a new customer, once, where a rule reads it."""


@dataclass(frozen=True, slots=True)
class RouteRequest:
    """A conversation that is Open and in no queue. `at`: the workflow's time.

    `former_agent_id`: who had it last, for the affinity. `skills`, `profiles`: what it has from being routed
    before. `profile_awaited`: routing has waited for the customer's profile already.
    """

    page_id: str
    customer_id: str
    conversation_id: str
    at: datetime
    former_agent_id: str | None = None
    skills: tuple[SkillNeed, ...] = ()
    profiles: tuple[str, ...] = ()
    profile_awaited: bool = False


@dataclass(frozen=True, slots=True)
class RouteResult:
    """Where a conversation goes.

    `awaits_profile`: a rule reads the customer's profile, which is being read: wait a moment and ask again;
    the rest counts where nobody waits. `listed`: of a pick workstream, offered to nobody. `ends`: overflow
    closes the conversation instead. `overflow`: what was met before queueing. `closed_by`: why the queue is
    closed now, if it is. `overflow_at`: when it will have waited too long in this queue; `on_overflow`, to
    `overflow_queue_id`, is done then. `opens_at`: the queue is closed until then. `when_empty`: the queue has
    no agents, and this is its setting for that. `wishes`, `reserved_until`: as `WaitingPlace` has them.
    `skills`, `profiles`: for the next routing; `demand` may have fewer. `diagnosis`: why, as `diagnosis_of`
    has it.
    """

    demand: Demand
    reason: RouteReason
    priority: int = 0
    listed: bool = False
    ends: bool = False
    overflow: Overflow | None = None
    overflow_at: datetime | None = None
    on_overflow: OverflowAction | None = None
    overflow_queue_id: str | None = None
    opens_at: datetime | None = None
    when_empty: WhenEmpty | None = None
    wishes: tuple[Wish, ...] = ()
    reserved_until: datetime | None = None
    skills: tuple[SkillNeed, ...] = ()
    profiles: tuple[str, ...] = ()
    awaits_profile: bool = False
    closed_by: OverflowCondition | None = None
    diagnosis: dict[str, Any] = field(default_factory=dict)


def diagnosis_of(decision: RouteDecision) -> dict[str, Any]:
    """Why it is this queue, as each stay keeps it.

    Rules that did not match are counted in `tried` and not listed: there may be a thousand of them.
    """
    steps = [step for step in decision.trace if step.outcome is not RuleOutcome.NO_MATCH]
    found: dict[str, Any] = {"reason": decision.reason.value}
    if decision.rule_id is not None:
        found["rule_id"] = decision.rule_id
    if decision.trace:
        found["tried"] = len(decision.trace)
        found["steps"] = [_step(each) for each in steps[:MAX_STEPS_KEPT]]
    if decision.overflow is not None:
        found["overflow"] = decision.overflow.condition.value
        found["action"] = decision.overflow.action.value
        found["chosen_queue_id"] = decision.queue_id
    return found


def _step(step: TraceStep) -> dict[str, str]:
    told = {
        "stage": step.stage.value,
        "rule_set_id": step.rule_set_id,
        "rule_id": step.rule_id,
        "outcome": step.outcome.value,
        "queue_id": step.queue_id,
        "code": step.code,
    }
    return {name: value for name, value in told.items() if value is not None}
