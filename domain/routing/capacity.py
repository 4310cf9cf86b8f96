"""How much work an agent can have, and what a conversation takes of it.

Source: docs/reference/work-distribution.md, "Capacity".

What an agent has in use is always computed from slots; nothing is counted up or down. Either units or
profiles should be used in an installation; both together have to fit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from domain.routing.local_days import day_around

MAX_SESSIONS = 10
"""How many sessions an agent may have before nothing more is offered."""


class CapacityReset(StrEnum):
    """When the use of a profile ends: with the slot, or with the local day in which it began."""

    IMMEDIATE = "immediate"
    END_OF_DAY = "end_of_day"


@dataclass(frozen=True, slots=True)
class ProfileLimit:
    """How many conversations of a capacity profile an agent may have: the profile's number or their own.

    `blocks`: once it is reached, the agent is offered nothing at all, whatever its profile. `timezone`: whose
    days END_OF_DAY means.
    """

    profile_id: str
    limit: int
    reset: CapacityReset = CapacityReset.IMMEDIATE
    blocks: bool = False
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class CapacityLimits:
    """What an agent can have at once. `units` None: the agent works with profiles alone."""

    units: int | None = None
    profiles: tuple[ProfileLimit, ...] = ()


@dataclass(frozen=True, slots=True)
class CapacityNeed:
    """What a conversation takes: units, and one place in each of the profiles (sorted ids)."""

    units: int = 1
    profiles: tuple[str, ...] = ()


ONE_UNIT = CapacityNeed()


@dataclass(frozen=True, slots=True)
class SlotUse:
    """A slot of one agent: live, or released after the offer was accepted (END_OF_DAY profiles count it)."""

    need: CapacityNeed
    claimed_at: datetime
    live: bool = True


@dataclass(frozen=True, slots=True)
class UsedCapacity:
    """What an agent has in use. `profiles`: places by profile id. `live`: live slots that take anything."""

    units: int = 0
    profiles: Mapping[str, int] = field(default_factory=dict)
    live: int = 0


NOTHING_USED = UsedCapacity()


def used_capacity(limits: CapacityLimits, slots: Iterable[SlotUse], now: datetime) -> UsedCapacity:
    """The sum of an agent's slots at an instant. Days that end change it too."""
    all_slots = list(slots)
    live = [each.need for each in all_slots if each.live]
    profiles = {
        limit.profile_id: sum(
            limit.profile_id in each.need.profiles for each in all_slots if _counts(limit, each, now)
        )
        for limit in limits.profiles
    }
    return UsedCapacity(
        units=sum(need.units for need in live),
        profiles={profile_id: count for profile_id, count in profiles.items() if count},
        live=sum(bool(need.units or need.profiles) for need in live),
    )


def _counts(limit: ProfileLimit, slot: SlotUse, now: datetime) -> bool:
    if limit.reset is CapacityReset.END_OF_DAY:
        return slot.claimed_at >= day_around(limit.timezone, now)[0]
    return slot.live


def counts_since(limits: CapacityLimits, now: datetime) -> datetime | None:
    """From when on released slots have to be read: the earliest day that a profile still counts; or None."""
    days = [
        day_around(each.timezone, now)[0]
        for each in limits.profiles
        if each.reset is CapacityReset.END_OF_DAY
    ]
    return min(days, default=None)


def fits(limits: CapacityLimits, used: UsedCapacity, need: CapacityNeed) -> bool:
    """Whether the agent has room for it. An agent without one of the profiles has none."""
    if any(each.blocks and _exhausted(each, used) for each in limits.profiles):
        return False
    if need.units and (limits.units is None or used.units + need.units > limits.units):
        return False
    by_id = {each.profile_id: each for each in limits.profiles}
    return all(
        profile_id in by_id and not _exhausted(by_id[profile_id], used) for profile_id in need.profiles
    )


def free_capacity(limits: CapacityLimits, used: UsedCapacity, need: CapacityNeed) -> int:
    """How much room there is, in the measure of `need`: units, or the places of its scarcest profile.

    It is negative where somebody took more by right.
    """
    if need.units or not need.profiles:
        return (limits.units or 0) - used.units
    places = {each.profile_id: each.limit for each in limits.profiles}
    return min(places.get(each, 0) - used.profiles.get(each, 0) for each in need.profiles)


def is_full(limits: CapacityLimits, used: UsedCapacity) -> bool:
    """Whether presence says that the agent can have no more.

    Units and profiles have to be exhausted both, where an agent has both. Of the profiles one that blocks is
    enough; if none blocks, all have to be exhausted. Without any limit an agent is never full.
    """
    parts = []
    if limits.units is not None:
        parts.append(used.units >= limits.units)
    if limits.profiles:
        blocks = [_exhausted(each, used) for each in limits.profiles if each.blocks]
        parts.append(any(blocks) if blocks else all(_exhausted(each, used) for each in limits.profiles))
    return bool(parts) and all(parts)


def _exhausted(limit: ProfileLimit, used: UsedCapacity) -> bool:
    return used.profiles.get(limit.profile_id, 0) >= limit.limit


class Origin(StrEnum):
    """How a conversation comes to an agent.

    PUSH, AFFINITY and PREFERRED are offers of the system; NEXT is the best item that an agent pulls. PICK,
    ASSIGN, TRANSFER, REOPEN and START are decisions of people.
    """

    PUSH = "push"
    AFFINITY = "affinity"
    PREFERRED = "preferred"
    NEXT = "next"
    PICK = "pick"
    ASSIGN = "assign"
    TRANSFER = "transfer"
    REOPEN = "reopen"
    START = "start"


_ALWAYS_HEED = frozenset({Origin.PUSH, Origin.NEXT})
_HEED_SESSIONS = frozenset({Origin.PUSH, Origin.NEXT, Origin.AFFINITY, Origin.PREFERRED})


class ClaimVerdict(StrEnum):
    """Whether a slot may be taken. FORCED: beyond the capacity, by right; it is marked and shown."""

    FITS = "fits"
    FORCED = "forced"
    AT_CAPACITY = "at_capacity"
    TOO_MANY_SESSIONS = "too_many_sessions"


def heeds_capacity(
    origin: Origin, *, picking_heeds_capacity: bool = False, transfer_heeds_capacity: bool = False
) -> bool:
    """Whether such a claim is refused where there is no room. The flags are the workstream's settings."""
    return (
        origin in _ALWAYS_HEED
        or (origin is Origin.PICK and picking_heeds_capacity)
        or (origin is Origin.TRANSFER and transfer_heeds_capacity)
    )


def judge_claim(
    limits: CapacityLimits,
    used: UsedCapacity,
    need: CapacityNeed,
    *,
    sessions: int,
    origin: Origin,
    heeds: bool,
) -> ClaimVerdict:
    """Whether an agent may take a conversation. `heeds`: `heeds_capacity` of the origin.

    Ten sessions stop what the system offers and what is pulled; people may decide beyond them.
    """
    if sessions >= MAX_SESSIONS and origin in _HEED_SESSIONS:
        return ClaimVerdict.TOO_MANY_SESSIONS
    if fits(limits, used, need):
        return ClaimVerdict.FITS
    return ClaimVerdict.AT_CAPACITY if heeds else ClaimVerdict.FORCED


class BlockCapacity(StrEnum):
    """Whether Wrap-up keeps the capacity: until it is over, not at all, or for some time."""

    ALWAYS = "always"
    NEVER = "never"
    SECONDS = "seconds"


@dataclass(frozen=True, slots=True)
class WrapUpCapacity:
    """The workstream's setting for Wrap-up. `seconds` matters to SECONDS alone."""

    block: BlockCapacity = BlockCapacity.ALWAYS
    seconds: int = 60

    def frees_at(self, wrap_up_since: datetime) -> datetime | None:
        """When capacity is free again, at the latest; None: with the end of Wrap-up."""
        match self.block:
            case BlockCapacity.ALWAYS:
                return None
            case BlockCapacity.NEVER:
                return wrap_up_since
            case BlockCapacity.SECONDS:
                return wrap_up_since + timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class SlotFacts:
    """What of a conversation decides about its slot.

    `slot_id` is the id of the offer that the session began with. `active`: an agent has it, whether or not it
    was accepted yet. `wrap_up_since`: None outside of Wrap-up.
    """

    conversation_id: str
    slot_id: str | None = None
    agent_id: str | None = None
    need: CapacityNeed = ONE_UNIT
    active: bool = False
    wrap_up_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class HeldSlot:
    """The one slot that a conversation holds. `until`: when it is released by itself, if it is."""

    id: str
    conversation_id: str
    agent_id: str
    need: CapacityNeed
    until: datetime | None = None


def slot_of(view: SlotFacts, wrap_up: WrapUpCapacity, now: datetime) -> HeldSlot | None:
    """The slot that a conversation holds at an instant; None where it holds no capacity.

    At the instant of `until` itself the slot is released.
    """
    if view.slot_id is None or view.agent_id is None:
        return None
    until = None
    if not view.active:
        if view.wrap_up_since is None:
            return None
        until = wrap_up.frees_at(view.wrap_up_since)
        if until is not None and now >= until:
            return None
    return HeldSlot(view.slot_id, view.conversation_id, view.agent_id, view.need, until)
