"""Route-to-queue rules: which queue a classified conversation enters, and why.

Source: docs/reference/work-distribution.md, "Rules".

Two steps, so that only the queues that matched have to be looked at: `match_routes` finds them,
`choose_route` decides once it is known how they stand. A dry run calls the same two.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from domain.routing.classification import Classification, values_with
from domain.routing.conditions import ConditionError, Group, holds, validate_conditions
from domain.routing.field_errors import FieldError, duplicates, out_of_range, too_many, under
from domain.routing.overflow import (
    NO_LOAD,
    NO_OVERFLOW,
    Overflow,
    OverflowAction,
    OverflowPolicy,
    QueueLoad,
    overflow_before,
    validate_overflow,
)
from domain.routing.rules import RULE_FIELDS, KnownIds, RoutingFacts, RoutingStage, RuleOutcome, TraceStep

MAX_ROUTE_RULES = 200
MAX_TARGETS = 5
WHOLE = 100


@dataclass(frozen=True, slots=True)
class RouteTarget:
    """A queue, and what share of the matching conversations it gets, in per cent."""

    queue_id: str
    percent: int = WHOLE


@dataclass(frozen=True, slots=True)
class RouteRule:
    """Where the conditions hold, one of the targets is meant. Their shares are 100 together.

    `overflow`: what counts before queueing instead of the queue's own setting.
    """

    id: str
    conditions: Group
    targets: tuple[RouteTarget, ...]
    overflow: OverflowPolicy | None = None


@dataclass(frozen=True, slots=True)
class RouteMatches:
    """The rules that were tried, in order. The queues of those that matched are `queue_ids`.

    `overflow`: the settings of rules that have their own, by rule id.
    """

    steps: tuple[TraceStep, ...] = ()
    failed: bool = False
    overflow: Mapping[str, OverflowPolicy] = field(default_factory=dict)

    @property
    def queue_ids(self) -> tuple[str, ...]:
        """The queues whose state `choose_route` has to know, each once."""
        return tuple(dict.fromkeys(step.queue_id for step in self.steps if step.queue_id is not None))

    def counts_to(self, queue_id: str, own: OverflowPolicy) -> int | None:
        """How many waiting items of a queue have to be counted; `own` is its setting. None: none."""
        rules = {step.rule_id for step in self.steps if step.queue_id == queue_id}
        numbers = [self.overflow.get(rule_id, own).counts_to for rule_id in rules]
        return max((number for number in numbers if number is not None), default=None)


def match_routes(rules: Iterable[RouteRule], facts: RoutingFacts, classified: Classification) -> RouteMatches:
    """The rules that hold for a conversation, with the queue that each means for it.

    A classification that failed, or a rule that cannot be judged, ends it.
    """
    if classified.failed:
        return RouteMatches(failed=True)
    values = values_with(facts, classified)
    rules = tuple(rules)
    overflow = {rule.id: rule.overflow for rule in rules if rule.overflow is not None}
    steps: list[TraceStep] = []
    for rule in rules:
        step = TraceStep(RoutingStage.ROUTE_TO_QUEUE, rule.id, RuleOutcome.NO_MATCH)
        try:
            if holds(rule.conditions, values, RULE_FIELDS):
                queue_id = share_of(rule.targets, facts.conversation_id)
                step = replace(step, outcome=RuleOutcome.MATCHED, queue_id=queue_id)
        except ConditionError as error:
            steps.append(replace(step, outcome=RuleOutcome.ERROR, code=error.code))
            return RouteMatches(tuple(steps), failed=True, overflow=overflow)
        steps.append(step)
    return RouteMatches(tuple(steps), overflow=overflow)


def share_of(targets: tuple[RouteTarget, ...], conversation_id: str) -> str:
    """The queue of a conversation among the targets: always the same, in the shares that are set."""
    digest = hashlib.blake2b(conversation_id.encode(), digest_size=8).digest()
    place = int.from_bytes(digest) % WHOLE
    for target in targets:
        place -= target.percent
        if place < 0:
            return target.queue_id
    return targets[-1].queue_id


class WhenEmpty(StrEnum):
    """What becomes of a conversation whose queue has no members: it waits, with an alarm, or is closed."""

    KEEP = "keep"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class CandidateQueue:
    """How a queue stands, and its setting for overflow.

    `opens_at`: when it opens; None if it never does. It does not matter within its hours.
    """

    load: QueueLoad = NO_LOAD
    policy: OverflowPolicy = NO_OVERFLOW
    opens_at: datetime | None = None


class RouteReason(StrEnum):
    """Why it is this queue. The last three mean the fallback queue."""

    RULE = "rule"
    ALL_OVERFLOW = "all_overflow"
    NO_RULE_MATCHED = "no_rule_matched"
    RULE_FAILED = "rule_failed"
    UNKNOWN_QUEUE = "unknown_queue"


@dataclass(frozen=True, slots=True)
class RouteDecision:
    """Where a conversation goes. `queue_id` is what the rules chose; `overflow` is what is done there.

    Overflow of the fallback queue is ignored.
    """

    queue_id: str
    reason: RouteReason
    rule_id: str | None = None
    overflow: Overflow | None = None
    trace: tuple[TraceStep, ...] = ()

    @property
    def enters(self) -> str:
        """The queue that it enters in the end: after a transfer by overflow another one, without a check."""
        overflow = self.overflow
        if overflow is not None and overflow.action is OverflowAction.TRANSFER and overflow.queue_id:
            return overflow.queue_id
        return self.queue_id

    @property
    def ends(self) -> bool:
        """Whether the conversation is closed instead of waiting."""
        return self.overflow is not None and self.overflow.action is OverflowAction.END


def choose_route(
    matches: RouteMatches,
    states: Mapping[str, CandidateQueue],
    fallback_queue_id: str,
    classified: Classification,
    now: datetime,
) -> RouteDecision:
    """The first match whose queue does not overflow. `states`: at least those of `matches.queue_ids`.

    If all overflow, the first of them that is in its hours, else the one that opens first, and its overflow
    action is due. Without a match, or with an error on the way, the fallback queue.
    """
    trace = list(classified.trace)
    overflowing: list[tuple[int, TraceStep, CandidateQueue, Overflow]] = []
    for step in matches.steps:
        if step.queue_id is None:
            trace.append(step)
            continue
        state = states.get(step.queue_id)
        if state is None:
            trace.append(replace(step, outcome=RuleOutcome.ERROR, code=RouteReason.UNKNOWN_QUEUE))
            return RouteDecision(fallback_queue_id, RouteReason.UNKNOWN_QUEUE, trace=tuple(trace))
        overflow = overflow_before(matches.overflow.get(step.rule_id, state.policy), state.load, now)
        if overflow is None:
            trace.append(replace(step, outcome=RuleOutcome.APPLIED))
            return RouteDecision(step.queue_id, RouteReason.RULE, step.rule_id, trace=tuple(trace))
        overflowing.append((len(trace), step, state, overflow))
        trace.append(replace(step, outcome=RuleOutcome.OVERFLOWING, code=overflow.condition))
    if matches.failed:
        return RouteDecision(fallback_queue_id, RouteReason.RULE_FAILED, trace=tuple(trace))
    if not overflowing:
        return RouteDecision(fallback_queue_id, RouteReason.NO_RULE_MATCHED, trace=tuple(trace))
    place, step, _, overflow = min(overflowing, key=lambda each: _opens_first(each[2]))
    trace[place] = replace(trace[place], outcome=RuleOutcome.APPLIED)
    queue_id = step.queue_id or fallback_queue_id
    return RouteDecision(queue_id, RouteReason.ALL_OVERFLOW, step.rule_id, overflow, tuple(trace))


def _opens_first(state: CandidateQueue) -> tuple[bool, bool, float]:
    if state.load.in_hours:
        return False, False, 0.0
    return True, state.opens_at is None, state.opens_at.timestamp() if state.opens_at else 0.0


def validate_route_rules(rules: tuple[RouteRule, ...], known: KnownIds) -> list[FieldError]:
    """What is wrong with the route-to-queue rules of a workstream, as they are to be saved."""
    errors = too_many("rules", len(rules), MAX_ROUTE_RULES)
    errors += duplicates("rules", (rule.id for rule in rules))
    for place, rule in enumerate(rules):
        errors += under(f"rules.{place}.conditions", validate_conditions(rule.conditions, RULE_FIELDS))
        errors += under(f"rules.{place}.targets", _validate_targets(rule.targets, known))
        errors += under(f"rules.{place}.overflow", _validate_own_overflow(rule))
    return errors


def _validate_own_overflow(rule: RouteRule) -> list[FieldError]:
    if rule.overflow is None:
        return []
    errors = validate_overflow(rule.overflow, rule.targets[0].queue_id if len(rule.targets) == 1 else None)
    if rule.overflow.while_queued is not None:
        errors.append(FieldError("while_queued", "not_of_rules", "This is a setting of the queue alone."))
    return errors


def _validate_targets(targets: tuple[RouteTarget, ...], known: KnownIds) -> list[FieldError]:
    if not targets:
        return [FieldError("", "required", "A rule needs at least one queue.")]
    errors = too_many("", len(targets), MAX_TARGETS)
    errors += duplicates("", (target.queue_id for target in targets))
    for place, target in enumerate(targets):
        if target.queue_id not in known.queues:
            errors.append(FieldError(f"{place}.queue_id", "unknown_queue", "There is no such queue."))
        errors += out_of_range(f"{place}.percent", target.percent, 1, WHOLE)
    if not errors and sum(target.percent for target in targets) != WHOLE:
        errors.append(FieldError("", "not_100_percent", "The shares of all queues have to be 100 together."))
    return errors
