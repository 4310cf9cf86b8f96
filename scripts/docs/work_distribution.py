"""Makes the tables and pictures of `docs/work-distribution.md`; its text is written by hand."""

from collections.abc import Callable
from datetime import UTC, datetime, time

from domain.routing.capacity import Origin
from domain.routing.classification import Classification, ClassificationRule, Outputs, RuleSet, classify
from domain.routing.conditions import Condition, Group, Operator
from domain.routing.demand import SkillNeed
from domain.routing.eligibility import ParkReason, WhyNotAsked
from domain.routing.operating_hours import OperatingHours, WeeklyInterval
from domain.routing.overflow import (
    BeforeQueueing,
    OverflowAction,
    OverflowCondition,
    OverflowPolicy,
    QueueLoad,
)
from domain.routing.route_to_queue import (
    CandidateQueue,
    RouteDecision,
    RouteReason,
    RouteRule,
    RouteTarget,
    choose_route,
    match_routes,
)
from domain.routing.rules import RoutingFacts, RuleOutcome
from scripts.docs import offer_pictures
from scripts.docs.marked import with_table

PICTURES: dict[str, Callable[[], str]] = {
    "work-distribution.svg": offer_pictures.way,
    "who-is-offered.svg": offer_pictures.who_is_offered,
}

REASONS: dict[RouteReason, str] = {
    RouteReason.RULE: "a rule matched, and its queue did not overflow",
    RouteReason.ALL_OVERFLOW: "rules matched, but all their queues overflow: what the first open one does "
    "about that was done",
    RouteReason.NO_RULE_MATCHED: "no rule matched: the fallback queue",
    RouteReason.RULE_FAILED: "a rule could not be judged: the fallback queue. Mend the rule",
    RouteReason.UNKNOWN_QUEUE: "the rule's queue is gone: the fallback queue. Mend the rule",
}
PARKED: dict[ParkReason, str] = {
    ParkReason.ALL_AT_LIMIT: "every member who has the skills has declined or missed it as often as allowed",
    ParkReason.TOO_MANY_DECLINED: "a hundred agents have declined or missed it",
}
WHY_NOT: dict[WhyNotAsked, str] = {
    WhyNotAsked.RESERVED: "is not one of those for whom the conversation is reserved",
    WhyNotAsked.PRESENCE: "is not there, or in a presence to which the workstream offers nothing",
    WhyNotAsked.SKILLS: "lacks a skill, or a rating, that is asked for",
    WhyNotAsked.NO_RULE: "fits no rule of the queue's own method",
    WhyNotAsked.DECLINE_LIMIT: "declined or missed it as often as the queue allows",
    WhyNotAsked.NO_ROOM: "has no room: units, profiles or ten sessions",
    WhyNotAsked.DECLINED: "declined or missed it, and others who did not come first",
}
ORIGINS: dict[Origin, str] = {
    Origin.PUSH: "the first of those who may be asked",
    Origin.AFFINITY: "had the conversation before",
    Origin.PREFERRED: "is set on the customer as preferred",
    Origin.ASSIGN: "a supervisor assigned it",
    Origin.TRANSFER: "a colleague transferred it",
}

_TUESDAY, _SUNDAY = datetime(2026, 12, 1, 9, tzinfo=UTC), datetime(2026, 11, 29, 9, tzinfo=UTC)
_WEEKDAYS = OperatingHours("Europe/Berlin", tuple(WeeklyInterval(day, time(8), time(20)) for day in range(5)))
_LANGUAGE = RuleSet(
    "Language",
    (
        ClassificationRule(
            "Speaks French",
            Group((Condition("locale", Operator.BEGINS_WITH, "fr_"),)),
            Outputs((SkillNeed("French", 5),)),
        ),
    ),
)
_ROUTE = (
    RouteRule(
        "Large order",
        Group((Condition("context.OrderValue", Operator.AT_LEAST, 1000),)),
        (RouteTarget("Sales"),),
    ),
    RouteRule(
        "Comes from the sale",
        Group((Condition("referral", Operator.BEGINS_WITH, "sale"),)),
        (RouteTarget("Sales"),),
    ),
)
_SALES_OVERFLOW = OverflowPolicy(
    (BeforeQueueing(OverflowCondition.OUT_OF_HOURS, OverflowAction.TRANSFER, queue_id="Service"),)
)
_EXAMPLES: tuple[tuple[str, RoutingFacts, datetime], ...] = (
    (
        "Priya, by a link `sale-summer`, on Tuesday",
        RoutingFacts("1", "", "", referral="sale-summer"),
        _TUESDAY,
    ),
    ("Priya, by the same link, on Sunday", RoutingFacts("2", "", "", referral="sale-summer"), _SUNDAY),
    ("Chloé, `fr_FR`, without a link", RoutingFacts("3", "", "", locale="fr_FR"), _TUESDAY),
    (
        'Emil, with `OrderValue` "a lot"',
        RoutingFacts("4", "", "", referral="sale-summer", context={"OrderValue": "a lot"}),
        _TUESDAY,
    ),
)
_NOT_LOOKED_AT = "not looked at"


def renewed(page: str) -> str:
    """The page with its tables made anew."""
    for name, table in (("routes", _routes()), ("reasons", _reasons())):
        page = with_table(page, name, table)
    return page


def _routes() -> str:
    """The example's conversations, judged by the rules themselves."""
    rules = [*(rule.id for rule in _LANGUAGE.rules), *(rule.id for rule in _ROUTE)]
    lines = [
        f"| who writes | {' | '.join(rules)} | enters | `reason` |",
        "| --- " * (len(rules) + 3) + "|",
    ]
    for who, facts, at in _EXAMPLES:
        classified, decision = _judged(facts, at)
        outcomes = {step.rule_id: _outcome(step.outcome, step.code) for step in decision.trace}
        cells = [outcomes.get(rule, _NOT_LOOKED_AT) for rule in rules]
        needs = "".join(f", needs {each.skill_id} {each.rating}" for each in classified.skills)
        lines.append(f"| {who} | {' | '.join(cells)} | {decision.enters}{needs} | `{decision.reason}` |")
    return "\n" + "\n".join(lines) + "\n"


def _judged(facts: RoutingFacts, at: datetime) -> tuple[Classification, RouteDecision]:
    classified = classify((_LANGUAGE,), facts, Classification())
    matches = match_routes(_ROUTE, facts, classified)
    load = QueueLoad(in_hours=_WEEKDAYS.is_open(at))
    states = {"Sales": CandidateQueue(load, _SALES_OVERFLOW, _WEEKDAYS.opens_at(at))}
    return classified, choose_route(matches, states, "Service", classified, at)


def _outcome(outcome: RuleOutcome, code: str | None) -> str:
    return f"`{outcome}`" + (f" ({code})" if code else "")


def _reasons() -> str:
    tables = (
        ("`reason` of `conversation.queued`, first time", REASONS),
        ("`reason` of `conversation.parked`", PARKED),
        ("`why_not` of a member in `GET /v1/conversations/{id}/routing`: the agent …", WHY_NOT),
        ("`origin` of `offer.made`: the agent …", ORIGINS),
    )
    parts = []
    for heading, meanings in tables:
        rows = [f"| `{code}` | {meaning} |" for code, meaning in meanings.items()]
        parts.append("\n".join([f"\n| {heading} | what it means |", "| --- | --- |", *rows, ""]))
    return "".join(parts)
