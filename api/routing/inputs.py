"""What several routes of work distribution take and show: conditions, overflow, and how often a rule is."""

from typing import Annotated, Any, Self

from pydantic import Discriminator, Field, StrictFloat, StrictInt, StringConstraints, Tag, model_validator

from api.http.fields import STORABLE, Id, Input
from base.json_codec import from_json_value
from domain.routing.classification import MAX_TEXT_LENGTH
from domain.routing.conditions import (
    MAX_CONDITIONS,
    MAX_DEPTH,
    MAX_VALUE_LENGTH,
    MAX_VALUES,
    Group,
    Needed,
    Operator,
)
from domain.routing.overflow import OverflowAction, OverflowCondition, OverflowPolicy
from store.routing.rule_rows import group_of

_MAX_FIELD_LENGTH = 120
_GREATEST = 2**53
_MAX_BEFORE = 10

Count = Annotated[int, Field(strict=True, ge=-_GREATEST, le=_GREATEST)]
"""A whole number whose own limits the rules tell."""

_Field = Annotated[str, StringConstraints(min_length=1, max_length=_MAX_FIELD_LENGTH), STORABLE]
_Text = Annotated[str, StringConstraints(strict=True, max_length=MAX_VALUE_LENGTH), STORABLE]
_Number = (
    Annotated[StrictInt, Field(ge=-_GREATEST, le=_GREATEST)]
    | Annotated[StrictFloat, Field(ge=-_GREATEST, le=_GREATEST)]
)
_Value = _Text | _Number

VariableValue = Annotated[str, StringConstraints(strict=True, max_length=MAX_TEXT_LENGTH), STORABLE] | _Number
"""What a context variable holds."""


class ConditionInput(Input):
    """One comparison. `value`: a list for `is_one_of`, `is_none_of`; none for `is_known`, `is_unknown`."""

    field: _Field
    operator: Operator
    value: _Value | Annotated[list[_Value], Field(max_length=MAX_VALUES)] | None = None


def _kind_of(item: Any) -> str:
    is_group = "items" in item if isinstance(item, dict) else isinstance(item, ConditionsInput)
    return "group" if is_group else "condition"


class ConditionsInput(Input):
    """Conditions and groups of them, of which `all` or `any` have to hold. Without items it holds always."""

    items: Annotated[
        list[
            Annotated[
                Annotated[ConditionInput, Tag("condition")] | Annotated["ConditionsInput", Tag("group")],
                Discriminator(_kind_of),
            ]
        ],
        Field(max_length=MAX_CONDITIONS, default_factory=list),
    ]
    needed: Needed = Needed.ALL

    @model_validator(mode="after")
    def _not_too_deep(self) -> Self:
        # Judged from the inmost group on, so that nothing deep is ever walked through.
        if _depth_of(self) > MAX_DEPTH:
            raise ValueError(f"Groups lie at most {MAX_DEPTH} deep.")
        return self

    @property
    def group(self) -> Group:
        """The conditions as rules judge them."""
        return group_of(self.model_dump(mode="json"))


def _depth_of(group: ConditionsInput) -> int:
    return 1 + max((_depth_of(each) for each in group.items if isinstance(each, ConditionsInput)), default=0)


ALWAYS = ConditionsInput(items=[])
"""The default: no conditions."""


class BeforeQueueingInput(Input):
    """What is done with what is about to enter. `waiting` is for `waiting_items`, `seconds` for waits."""

    condition: OverflowCondition
    action: OverflowAction
    waiting: Count | None = None
    seconds: Count | None = None
    queue_id: Id | None = None


class WhileQueuedInput(Input):
    """What is done with what has waited in the queue for so long."""

    seconds: Count
    action: OverflowAction
    queue_id: Id | None = None


class OverflowInput(Input):
    """What a queue does when it has too much to do or is closed. Only a `transfer` has a `queue_id`."""

    before: Annotated[list[BeforeQueueingInput], Field(max_length=_MAX_BEFORE)] = Field(default_factory=list)
    while_queued: WhileQueuedInput | None = None

    @property
    def policy(self) -> OverflowPolicy:
        """The setting as the rules judge it."""
        return from_json_value(OverflowPolicy, self.model_dump(mode="json"))
