"""How a workstream shares out its work, as its route takes and shows it."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, Field

from api.http.fields import Flag, Id, Input
from base.json_codec import from_json_value, to_json_value
from domain.routing.absence import WhenAgentGone
from domain.routing.capacity import BlockCapacity
from domain.routing.demand import SkillMatching
from domain.routing.presence import PresenceKind
from domain.routing.work_distribution import (
    MAX_PROFILES,
    AfterReservation,
    DistributionMode,
    WorkDistribution,
)

_GREATEST = 2**31 - 1

Count = Annotated[int, Field(strict=True, ge=-_GREATEST, le=_GREATEST)]
"""A whole number whose own limits the rules tell."""


class CapacityNeedInput(Input):
    """What each conversation takes of an agent's capacity: units, and a place in each of the profiles."""

    units: Count = 1
    profiles: Annotated[list[Id], Field(max_length=MAX_PROFILES)] = Field(default_factory=list)


class WrapUpInput(Input):
    """Whether Wrap-up keeps the capacity: `always`, `never`, or for some `seconds`."""

    block: BlockCapacity = BlockCapacity.ALWAYS
    seconds: Count = 60


class NotificationInput(Input):
    """How agents are told of offers. `countdown_seconds`: how long one is open.

    `auto_assign`: nobody can decline, and when the time is up the agent has it; with `auto_accept` at once.
    """

    countdown_seconds: Count = 120
    show_countdown: Flag = True
    reject_button: Flag = False
    auto_assign: Flag = False
    auto_accept: Flag = False
    missed_sets_inactive: Flag = False
    declined_sets_do_not_disturb: Flag = False


class WorkDistributionInput(Input):
    """How a workstream shares out its work; what is left out is as at first, or stays.

    `push` offers conversations to agents, `pick` has them take conversations; a mode changes only while all
    conversations are closed. `fallback_queue_id`: the queue for what no rule routes, or null for the default
    queue. `reservation_seconds`: how long only the former or the preferred agents are asked.
    """

    mode: DistributionMode | None = None
    allow_picking: Flag | None = None
    picking_heeds_capacity: Flag | None = None
    transfer_heeds_capacity: Flag | None = None
    fallback_queue_id: Id | None = None
    need: CapacityNeedInput | None = None
    wrap_up: WrapUpInput | None = None
    allowed_presences: Annotated[list[PresenceKind], Field(max_length=len(PresenceKind))] | None = None
    skill_matching: SkillMatching | None = None
    affinity: Flag | None = None
    reservation_seconds: Count | None = None
    after_reservation: AfterReservation | None = None
    when_agent_gone: WhenAgentGone | None = None
    notification: NotificationInput | None = None

    def applied_to(self, before: WorkDistribution) -> WorkDistribution:
        """The settings with what is given here."""
        changes: dict[str, Any] = self.model_dump(mode="json", exclude_none=True)
        if "fallback_queue_id" in self.model_fields_set:
            changes["fallback_queue_id"] = self.fallback_queue_id
        return from_json_value(WorkDistribution, {**to_json_value(before), **changes})


class WorkDistributionView(BaseModel):
    """How a workstream shares out its work."""

    mode: DistributionMode
    allow_picking: bool
    picking_heeds_capacity: bool
    transfer_heeds_capacity: bool
    fallback_queue_id: str | None
    need: CapacityNeedInput
    wrap_up: WrapUpInput
    allowed_presences: list[PresenceKind]
    skill_matching: SkillMatching
    affinity: bool
    reservation_seconds: int
    after_reservation: AfterReservation
    when_agent_gone: WhenAgentGone
    notification: NotificationInput

    @classmethod
    def of(cls, settings: WorkDistribution) -> Self:
        """The settings as they are."""
        shown = to_json_value(settings)
        return cls.model_validate({**shown, "allowed_presences": sorted(settings.allowed_presences)})
