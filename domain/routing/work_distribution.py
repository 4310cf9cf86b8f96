"""How a workstream shares out its work: its settings, and which of them may change when.

Source: docs/reference/work-distribution.md, "Workstreams".
"""

from dataclasses import dataclass, field
from enum import StrEnum

from domain.routing.absence import WhenAgentGone
from domain.routing.capacity import ONE_UNIT, BlockCapacity, CapacityNeed, WrapUpCapacity
from domain.routing.demand import SkillMatching
from domain.routing.field_errors import FieldError, duplicates, out_of_range, too_many, under
from domain.routing.offers import NotificationSettings, validate_notifications
from domain.routing.presence import ALLOWABLE, PresenceKind
from domain.routing.rules import KnownIds

MAX_UNITS = 1000
MAX_PROFILES = 5
MIN_WRAP_UP_SECONDS, MAX_WRAP_UP_SECONDS = 30, 3600
MAX_RESERVATION_SECONDS = 3600

USUAL_PRESENCES = frozenset({PresenceKind.AVAILABLE, PresenceKind.BUSY})


class DistributionMode(StrEnum):
    """PUSH: the system offers conversations to agents. PICK: agents take them from the list."""

    PUSH = "push"
    PICK = "pick"


class AfterReservation(StrEnum):
    """Who may have an item that none of its preferred agents took in time: anyone, or them alone."""

    ANYONE = "anyone"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class ConversationDistribution:
    """The settings that a conversation's own rules depend on: only these travel to its workflow.

    `need`: what each conversation takes of an agent's capacity; rules may add profiles. `allow_picking`:
    agents may also take conversations of a PUSH workstream.
    """

    mode: DistributionMode = DistributionMode.PUSH
    allow_picking: bool = False
    need: CapacityNeed = ONE_UNIT
    wrap_up: WrapUpCapacity = field(default_factory=WrapUpCapacity)
    skill_matching: SkillMatching = SkillMatching.NONE
    when_agent_gone: WhenAgentGone = WhenAgentGone.RETURN
    notification: NotificationSettings = field(default_factory=NotificationSettings)

    @property
    def agents_may_pick(self) -> bool:
        """Whether agents may take its conversations from the list."""
        return self.mode is DistributionMode.PICK or self.allow_picking


@dataclass(frozen=True, slots=True)
class WorkDistribution(ConversationDistribution):
    """The settings of a workstream for work distribution. Lengths are in seconds.

    `picking_heeds_capacity`, `transfer_heeds_capacity`: no picks, no transfers beyond an agent's capacity.
    `affinity`: who comes back goes to the former agent first. `reservation_seconds`: how long nobody else is
    asked then, or where preferred agents are set; `after_reservation` is about preferred agents alone.
    """

    picking_heeds_capacity: bool = False
    transfer_heeds_capacity: bool = False
    fallback_queue_id: str | None = None
    allowed_presences: frozenset[PresenceKind] = USUAL_PRESENCES
    affinity: bool = True
    reservation_seconds: int = 60
    after_reservation: AfterReservation = AfterReservation.ANYONE


PICK_FROM_THE_DEFAULT_QUEUE = ConversationDistribution(mode=DistributionMode.PICK)
"""What a conversation is judged by whose settings were not read yet."""


def validate_work_distribution(settings: WorkDistribution, known: KnownIds) -> list[FieldError]:
    """What is wrong with settings that are to be saved. Without a fallback queue it is the default queue."""
    return [
        *_validate_queue(settings, known),
        *_validate_need(settings.need, known),
        *_validate_wrap_up(settings.wrap_up),
        *_validate_presences(settings),
        *out_of_range("reservation_seconds", settings.reservation_seconds, 0, MAX_RESERVATION_SECONDS),
        *under("notification", validate_notifications(settings.notification)),
    ]


def validate_change(before: WorkDistribution, after: WorkDistribution, live: int) -> list[FieldError]:
    """What speaks against a change. `live`: conversations of the workstream that are not Closed."""
    if before.mode is after.mode or live == 0:
        return []
    message = f"{live} conversations are not closed. The mode can be changed once there are none."
    return [FieldError("mode", "conversations_not_closed", message)]


def _validate_queue(settings: WorkDistribution, known: KnownIds) -> list[FieldError]:
    queue_id = settings.fallback_queue_id
    if queue_id is None or queue_id in known.queues:
        return []
    return [FieldError("fallback_queue_id", "unknown_queue", "There is no such queue.")]


def _validate_need(need: CapacityNeed, known: KnownIds) -> list[FieldError]:
    errors = out_of_range("need.units", need.units, 0, MAX_UNITS)
    errors += too_many("need.profiles", len(need.profiles), MAX_PROFILES)
    errors += duplicates("need.profiles", need.profiles)
    for place, profile_id in enumerate(need.profiles):
        if profile_id not in known.profiles:
            message = "There is no such capacity profile."
            errors.append(FieldError(f"need.profiles.{place}", "unknown_profile", message))
    if need.units == 0 and not need.profiles:
        message = "A conversation has to take units, or a place in a capacity profile."
        errors.append(FieldError("need", "required", message))
    return errors


def _validate_wrap_up(wrap_up: WrapUpCapacity) -> list[FieldError]:
    if wrap_up.block is not BlockCapacity.SECONDS:
        return []
    return out_of_range("wrap_up.seconds", wrap_up.seconds, MIN_WRAP_UP_SECONDS, MAX_WRAP_UP_SECONDS)


def _validate_presences(settings: WorkDistribution) -> list[FieldError]:
    path, allowed = "allowed_presences", settings.allowed_presences
    errors = [
        FieldError(path, "never_offered", f"Nobody who is {kind} receives offers.")
        for kind in sorted(allowed - ALLOWABLE)
    ]
    if not allowed:
        errors.append(FieldError(path, "required", "At least one presence has to receive offers."))
    if settings.notification.declined_sets_do_not_disturb and PresenceKind.DO_NOT_DISTURB in allowed:
        message = "Agents who decline become do_not_disturb, so this presence cannot receive offers."
        errors.append(FieldError(path, "set_by_declining", message))
    return errors
