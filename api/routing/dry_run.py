"""Trying the rules of a workstream: where would a conversation go, and why."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StrictFloat, StrictInt
from sqlmodel import Session

from api.http.dependencies import DatabaseDep
from api.http.fields import Digits, Id, Input, Instant, Language, PathId, Text
from api.http.problem_docs import problems
from api.routing.inputs import VariableValue
from api.routing.rule_inputs import RuleSetInput
from api.security.guarded_route import api_router
from base import clock
from base.ids import new_id
from base.json_codec import to_json_value
from domain.routing.classification import MAX_RULE_SETS, NOT_CLASSIFIED
from domain.routing.overflow import OverflowAction, OverflowCondition
from domain.routing.route_to_queue import RouteReason
from domain.routing.rules import ContactFacts, RoutingFacts, RoutingStage, RuleOutcome
from store.routing import queues, rule_sets
from store.routing.route import evaluate
from store.routing.route_data import read_route_data_of, rule_names
from store.workstreams import workstreams

_MAX_TEXT = 1000
_MAX_HOURS = 24

ShortText = Annotated[Text, Field(max_length=_MAX_TEXT)]
Hours = (
    Annotated[StrictInt, Field(ge=-_MAX_HOURS, le=_MAX_HOURS)]
    | Annotated[StrictFloat, Field(ge=-_MAX_HOURS, le=_MAX_HOURS)]
)

router = api_router("rule sets")


class TriedRuleSet(RuleSetInput):
    """A rule set that is not saved, in place of the one with its `id`, or as another one."""

    id: Id | None = None


class DryRunContact(Input):
    """The contact that the customer is. `fields` are the business's own."""

    id: Id | None = None
    name: ShortText | None = None
    email: ShortText | None = None
    phone: ShortText | None = None
    number: ShortText | None = None
    fields: Annotated[dict[ShortText, ShortText], Field(max_length=100)] = Field(default_factory=dict)


class DryRunInput(Input):
    """What is known of the conversation that is tried. What is left out is unknown.

    `conversation_id` decides about shares in per cent: the same id has the same queue. `at`: when it would
    be routed, for operating hours; now, unless given. `timezone`: hours ahead of GMT. `rule_sets` are tried
    as they stand there, without being saved: one with an `id` takes the place of that one.
    """

    conversation_id: Id = "dry-run"
    rule_sets: Annotated[list[TriedRuleSet], Field(max_length=MAX_RULE_SETS + 1)] = Field(
        default_factory=list
    )
    page_id: Digits | None = None
    at: Instant | None = None
    customer_name: ShortText | None = None
    locale: ShortText | None = None
    timezone: Hours | None = None
    psid: ShortText | None = None
    language: Language | None = None
    referral: ShortText | None = None
    referral_source: ShortText | None = None
    ad_id: ShortText | None = None
    context: Annotated[dict[ShortText, VariableValue], Field(max_length=100)] = Field(default_factory=dict)
    contact: DryRunContact = DryRunContact()

    @property
    def facts(self) -> RoutingFacts:
        """What the rules may know."""
        known = self.model_dump(exclude={"at", "page_id", "psid", "contact", "rule_sets"})
        contact = ContactFacts(**self.contact.model_dump())
        return RoutingFacts(page_id=self.page_id or "", psid=self.psid or "", contact=contact, **known)


class DryRunStep(BaseModel):
    """What became of one rule. Rules that are not listed were not looked at any more."""

    stage: RoutingStage
    rule_set_id: str | None
    rule_id: str
    rule_name: str
    outcome: RuleOutcome
    queue_id: str | None
    code: str | None


class DryRunOverflow(BaseModel):
    """What the chosen queue is in, and what it does about that."""

    condition: OverflowCondition
    action: OverflowAction
    queue_id: str | None


class DryRunSkill(BaseModel):
    """A skill that the rules ask for."""

    skill_id: str
    rating: int


class DryRunView(BaseModel):
    """Where it would go, and why.

    `queue_id` is the queue that it enters, `chosen_queue_id` what the rules chose: they differ where overflow
    transfers. `ends`: it would be closed instead. `opens_at`: the queue is closed until then.
    """

    queue_id: str
    queue_name: str
    chosen_queue_id: str
    reason: RouteReason
    rule_id: str | None
    overflow: DryRunOverflow | None
    ends: bool
    opens_at: datetime | None
    priority: int
    skills: list[DryRunSkill]
    profiles: list[str]
    context: dict[str, VariableValue]
    steps: list[DryRunStep]


@router.post(
    "/v1/workstreams/{workstream_id}/routing/dry-run", responses=problems("not_found", "limit_reached")
)
async def dry_run_routing(database: DatabaseDep, workstream_id: PathId, body: DryRunInput) -> DryRunView:
    """Judge a conversation by the rules as they are or might be, and the queues as they stand.

    Nothing is changed.
    """
    if not body.rule_sets:
        return await database.read(lambda session: _tried(session, workstream_id, body))
    return await database.write(lambda session: _tried_unsaved(session, workstream_id, body))


def _tried_unsaved(session: Session, workstream_id: str, body: DryRunInput) -> DryRunView:
    """Save the rule sets, try them, and take back what was saved: they are judged as they would be."""
    now = clock.now()
    workstreams.get(session, workstream_id)
    with session.begin_nested() as unsaved:
        for rule_set in body.rule_sets:
            if rule_set.id is None:
                rule_sets.add(session, workstream_id, new_id(), rule_set.settings(), now)
            else:
                rule_sets.change(session, workstream_id, rule_set.id, rule_set.settings(), now)
        session.flush()
        tried = _tried(session, workstream_id, body)
        unsaved.rollback()
    return tried


def _tried(session: Session, workstream_id: str, body: DryRunInput) -> DryRunView:
    now = body.at or clock.now()
    data = read_route_data_of(session, workstreams.get(session, workstream_id), body.page_id or "")
    facts = body.facts
    found = evaluate(session, data, facts, NOT_CLASSIFIED, now, lock=False)
    decision, classified = found.decision, found.classified
    queue = queues.get(session, decision.enters)
    settings = found.queues.get(decision.enters)
    hours = settings.hours if settings else None
    names = rule_names(session, [step.rule_id for step in decision.trace])
    return DryRunView.model_validate(
        {
            "queue_id": queue.id,
            "queue_name": queue.name,
            "chosen_queue_id": decision.queue_id,
            "reason": decision.reason,
            "rule_id": decision.rule_id,
            "overflow": to_json_value(decision.overflow),
            "ends": decision.ends,
            "opens_at": None if hours is None or hours.is_open(now) else hours.opens_at(now),
            "priority": classified.priority,
            "skills": to_json_value(classified.skills),
            "profiles": list(classified.profiles),
            "context": dict(classified.context),
            "steps": [
                {**to_json_value(step), "rule_name": names.get(step.rule_id, "")} for step in decision.trace
            ],
        }
    )
