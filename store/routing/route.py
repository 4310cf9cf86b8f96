"""Routing a conversation: the rules of its page's workstream, judged by what the store knows of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from domain.routing.capacity import CapacityNeed
from domain.routing.classification import Classification, classify
from domain.routing.conditions import Value
from domain.routing.demand import Demand
from domain.routing.members import Wish, WishKind
from domain.routing.overflow import OverflowCondition, overflow_at
from domain.routing.presence import PresenceKind
from domain.routing.route_result import RouteRequest, RouteResult, diagnosis_of
from domain.routing.route_to_queue import RouteDecision, choose_route, match_routes
from domain.routing.rules import RoutingFacts
from domain.routing.work_distribution import DistributionMode
from store.routing.candidate_queues import (
    EntrySettings,
    forget_stale_entries,
    note_entering,
    read_queues,
    read_states,
)
from store.routing.route_data import RouteData, profile_is_due, read_facts, read_route_data
from store.tables import PreferredAgent, QueueMember
from store.workstreams import context_variables


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the rules made of a conversation. `counted`: the queues whose waiting items a limit asks for."""

    classified: Classification
    decision: RouteDecision
    queues: Mapping[str, EntrySettings]
    counted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Wishes:
    """For whom a conversation is first; nobody else is offered it until `reserved_until`."""

    agents: tuple[Wish, ...] = ()
    reserved_until: datetime | None = None


_NO_WISHES = _Wishes()


def route(session: Session, request: RouteRequest, *, may_write: bool) -> RouteResult | None:
    """Route a conversation. None: something has to be written for it, and `may_write` says no.

    Written are variables that rules give, and an item that is `entering` where the queue has a limit.
    """
    data = read_route_data(session, request.page_id)
    facts = RoutingFacts(request.conversation_id, request.page_id, psid="")
    if data.has_rules:
        facts = read_facts(session, data, request.customer_id, request.conversation_id)
    earlier = Classification(skills=request.skills, profiles=request.profiles)
    found = evaluate(session, data, facts, earlier, request.at, lock=may_write)
    awaits_profile = (
        not request.profile_awaited and data.reads_profile and profile_is_due(session, request.customer_id)
    )
    if not awaits_profile:
        given = _given(found, facts)
        if (given or found.counted) and not may_write:
            return None
        context_variables.write(session, request.conversation_id, given, request.at)
        if found.decision.enters in found.counted and not found.decision.ends:
            queue_id, priority = found.decision.enters, found.classified.priority
            note_entering(session, queue_id, request.conversation_id, priority, request.at)
    return _routed(session, data, request, found, awaits_profile=awaits_profile)


@dataclass(frozen=True, slots=True)
class DefaultRoute:
    """Where a new customer's first conversation goes, whoever it is. `result` is None: rules decide.

    `lasts`: it is the same until somebody changes the settings of the workstream or its queues, whatever the
    time and whoever works.
    """

    result: RouteResult | None
    lasts: bool


def default_route(session: Session, page_id: str, at: datetime) -> DefaultRoute:
    """The route of any new customer of a page."""
    data = read_route_data(session, page_id)
    if data.has_rules:
        return DefaultRoute(None, lasts=True)
    request = RouteRequest(page_id, customer_id="", conversation_id="", at=at)
    facts = RoutingFacts(request.conversation_id, page_id, psid="")
    found = evaluate(session, data, facts, Classification(), at, lock=False)
    result = _routed(session, data, request, found, awaits_profile=False)
    return DefaultRoute(result, lasts=result.listed and data.fallback.is_same_at_any_time)


def evaluate(
    session: Session,
    data: RouteData,
    facts: RoutingFacts,
    earlier: Classification,
    now: datetime,
    *,
    lock: bool,
) -> Evaluation:
    """Judge the rules. `lock`: what enters queues with limits by the rules waits until the transaction ends.

    A dry run calls it, too.
    """
    classified = classify(data.rules.rule_sets, facts, earlier)
    matches = match_routes(data.rules.route_rules, facts, classified)
    queues = read_queues(session, list(matches.queue_ids), lock=lock)
    counted = frozenset(
        queue_id for queue_id, each in queues.items() if matches.counts_to(queue_id, each.policy) is not None
    )
    if counted and lock:
        forget_stale_entries(session, sorted(counted), now)
    states = read_states(session, queues, matches, now, facts.conversation_id)
    decision = choose_route(matches, states, data.fallback.id, classified, now)
    return Evaluation(classified, decision, {data.fallback.id: data.fallback, **queues}, counted)


def _given(found: Evaluation, facts: RoutingFacts) -> dict[str, Value]:
    """The variables that rules gave and the conversation has otherwise, or not yet."""
    given = found.classified.context
    return {name: value for name, value in given.items() if facts.context.get(name) != value}


def _routed(
    session: Session, data: RouteData, request: RouteRequest, found: Evaluation, *, awaits_profile: bool
) -> RouteResult:
    classified, decision, settings = found.classified, found.decision, data.distribution
    queue = found.queues.get(decision.enters)
    if queue is None:
        queue = read_queues(session, [decision.enters]).get(decision.enters, data.fallback)
    profiles = tuple(sorted({*settings.need.profiles, *classified.profiles}))
    demand = Demand(
        queue.id,
        data.workstream_id,
        classified.skills,
        settings.skill_matching,
        CapacityNeed(settings.need.units, profiles),
    )
    listed = settings.mode is DistributionMode.PICK
    wishes = _NO_WISHES if listed else _wishes(session, data, request, queue.id)
    step = queue.policy.while_queued
    open_now = queue.hours.is_open(request.at)
    return RouteResult(
        demand=demand,
        reason=decision.reason,
        priority=classified.priority,
        listed=listed,
        ends=decision.ends,
        overflow=decision.overflow,
        overflow_at=overflow_at(queue.policy, request.at),
        on_overflow=step.action if step else None,
        overflow_queue_id=step.queue_id if step else None,
        opens_at=None if open_now else queue.hours.opens_at(request.at),
        when_empty=None if listed or queue.has_agents else queue.when_empty,
        wishes=wishes.agents,
        reserved_until=wishes.reserved_until,
        skills=classified.skills,
        profiles=classified.profiles,
        awaits_profile=awaits_profile,
        closed_by=None if open_now else _closed_by(queue, request.at),
        diagnosis=diagnosis_of(decision),
    )


def _closed_by(queue: EntrySettings, at: datetime) -> OverflowCondition:
    is_holiday = queue.hours.holiday_at(at) is not None
    return OverflowCondition.HOLIDAY if is_holiday else OverflowCondition.OUT_OF_HOURS


def _wishes(session: Session, data: RouteData, request: RouteRequest, queue_id: str) -> _Wishes:
    """Whom it is for first: of the members of its queue the former agent, then the preferred."""
    settings = data.distribution
    preferred = session.exec(
        select(PreferredAgent.agent_id)
        .where(PreferredAgent.customer_id == request.customer_id)
        .order_by(col(PreferredAgent.rank), col(PreferredAgent.agent_id))
    ).all()
    wanted = dict.fromkeys(preferred, WishKind.PREFERRED)
    if settings.affinity and request.former_agent_id is not None:
        wanted.pop(request.former_agent_id, None)
        wanted = {request.former_agent_id: WishKind.AFFINITY, **wanted}
    if not wanted:
        return _NO_WISHES
    rows = session.exec(
        select(QueueMember).where(QueueMember.queue_id == queue_id, col(QueueMember.agent_id).in_(wanted))
    ).all()
    members = {row.agent_id for row in rows}
    is_somebody_there = any(row.presence != PresenceKind.OFFLINE for row in rows)
    until = request.at + timedelta(seconds=settings.reservation_seconds)
    wishes = tuple(Wish(agent_id, kind) for agent_id, kind in wanted.items() if agent_id in members)
    return _Wishes(wishes, until if is_somebody_there else None)
