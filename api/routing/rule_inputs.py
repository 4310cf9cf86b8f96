"""Rule sets as requests give them: to be saved, or to be tried."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from api.http.fields import Flag, Id, Input, Name, VariableName
from api.routing.inputs import ALWAYS, ConditionsInput, Count, OverflowInput, VariableValue
from base.json_codec import from_json_value
from domain.routing.classification import MAX_OUTPUTS, ClassificationRule, Outputs
from domain.routing.field_errors import FieldError
from domain.routing.route_to_queue import MAX_ROUTE_RULES, MAX_TARGETS, WHOLE, RouteRule, RouteTarget
from store.routing.configuration import refuse_wrong
from store.routing.rule_rows import CLASSIFICATION, ROUTE
from store.routing.rule_sets import RuleSetSettings, RuleSettings

Position = Annotated[int, Field(strict=True, ge=0, le=1000)]


class RuleSetKind(StrEnum):
    """What rules are for: finding out what a conversation needs, or its queue."""

    CLASSIFICATION = CLASSIFICATION
    ROUTE = ROUTE


class SkillNeedInput(Input):
    """A skill that a conversation needs, with the least rating."""

    skill_id: Id
    rating: Count = 1


class OutputsInput(Input):
    """What a rule gives a conversation: up to 5 of skills, priority, context variables, capacity profiles."""

    skills: Annotated[list[SkillNeedInput], Field(max_length=MAX_OUTPUTS)] = Field(default_factory=list)
    priority: Count | None = None
    context: Annotated[dict[VariableName, VariableValue], Field(max_length=MAX_OUTPUTS)] = Field(
        default_factory=dict
    )
    profiles: Annotated[list[Id], Field(max_length=MAX_OUTPUTS)] = Field(default_factory=list)


class TargetInput(Input):
    """A queue and its share of the conversations, in per cent."""

    queue_id: Id
    percent: Count = WHOLE


class RuleInput(Input):
    """Where the conditions hold, the rule is applied. An `id` of before keeps it.

    Rules that classify have `outputs`. Rules of a route have `targets`, whose shares are 100 together, and
    may have an `overflow` that counts before queueing instead of the queue's own.
    """

    id: Id | None = None
    name: Name
    active: Flag = True
    conditions: ConditionsInput = ALWAYS
    outputs: OutputsInput | None = None
    targets: Annotated[list[TargetInput], Field(max_length=MAX_TARGETS)] | None = None
    overflow: OverflowInput | None = None

    def classifying(self) -> ClassificationRule:
        """The rule as one of a classification."""
        given = self.outputs.model_dump(mode="json") if self.outputs is not None else {}
        return ClassificationRule(self.id or "", self.conditions.group, from_json_value(Outputs, given))

    def leading(self) -> RouteRule:
        """The rule as one of a route."""
        targets = tuple(RouteTarget(each.queue_id, each.percent) for each in self.targets or ())
        overflow = self.overflow.policy if self.overflow is not None else None
        return RouteRule(self.id or "", self.conditions.group, targets, overflow)

    def misplaced(self, path: str, kind: RuleSetKind) -> list[FieldError]:
        """What belongs to rules of the other kind."""
        others = ("targets", "overflow") if kind is RuleSetKind.CLASSIFICATION else ("outputs",)
        message = f"Rules of the kind {kind} have none."
        return [
            FieldError(f"{path}.{name}", "not_used", message)
            for name in others
            if getattr(self, name) is not None
        ]


class RuleSetInput(Input):
    """A rule set with its rules, in their order.

    Sets of the kind `classification` are tried in the order of `position`, and of each the first rule that
    matches is applied. Of the kind `route` a workstream has one.
    """

    kind: RuleSetKind
    name: Name
    position: Position = 0
    active: Flag = True
    rules: Annotated[list[RuleInput], Field(max_length=MAX_ROUTE_RULES)]

    def settings(self) -> RuleSetSettings:
        """The rule set as the store has it. Raises InvalidFieldsError for what belongs to the other kind."""
        refuse_wrong(
            error
            for place, rule in enumerate(self.rules)
            for error in rule.misplaced(f"rules.{place}", self.kind)
        )
        classifies = self.kind is RuleSetKind.CLASSIFICATION
        return RuleSetSettings(
            self.kind.value,
            self.name,
            self.position,
            self.active,
            tuple(
                RuleSettings(rule.name, rule.classifying() if classifies else rule.leading(), rule.active)
                for rule in self.rules
            ),
        )
