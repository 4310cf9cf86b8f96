"""Whether an agent can be offered work now, and what others see of it.

Source: docs/reference/work-distribution.md, "Presence".
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from domain.routing.capacity import MAX_SESSIONS, CapacityLimits, UsedCapacity, is_full

MAX_TEXT_LENGTH = 100


class PresenceKind(StrEnum):
    """The base of a presence. INACTIVE is set by the system alone, after a missed offer."""

    AVAILABLE = "available"
    BUSY = "busy"
    DO_NOT_DISTURB = "do_not_disturb"
    AWAY = "away"
    INACTIVE = "inactive"
    OFFLINE = "offline"


CHOOSABLE = frozenset(PresenceKind) - {PresenceKind.INACTIVE}
"""What an agent may set."""

ALLOWABLE = CHOOSABLE - {PresenceKind.OFFLINE}
"""What a workstream may allow for offers: nobody is offered anything who is not there."""

_STAYS = frozenset({PresenceKind.AWAY, PresenceKind.DO_NOT_DISTURB, PresenceKind.OFFLINE})


@dataclass(frozen=True, slots=True)
class ChosenPresence:
    """What an agent set by hand. `text`: a custom text for it, such as "in training".

    INACTIVE is a ValueError.
    """

    kind: PresenceKind
    text: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in CHOOSABLE:
            raise ValueError(f"{self.kind} cannot be chosen")
        if self.text is not None and not 0 < len(self.text.strip()) <= MAX_TEXT_LENGTH:
            raise ValueError(f"a text of a presence has 1 to {MAX_TEXT_LENGTH} characters")

    @property
    def stays(self) -> bool:
        """Whether it holds until the agent changes it. The others hold to the next accept or close."""
        return self.kind in _STAYS


class PresenceMark(StrEnum):
    """What an unanswered or declined offer left. Cleared by the agent or a supervisor."""

    MISSED = "missed"
    DECLINED = "declined"


_MARKED = {
    PresenceMark.MISSED: PresenceKind.INACTIVE,
    PresenceMark.DECLINED: PresenceKind.DO_NOT_DISTURB,
}


@dataclass(frozen=True, slots=True)
class Presence:
    """What is shown, and what decides about offers."""

    kind: PresenceKind
    text: str | None = None


def presence_of(
    *,
    connected: bool,
    chosen: ChosenPresence | None,
    mark: PresenceMark | None,
    used: UsedCapacity,
    limits: CapacityLimits,
    sessions: int,
) -> Presence:
    """An agent's presence, from what is known of them. The first rule that applies decides."""
    if not connected:
        return Presence(PresenceKind.OFFLINE)
    if mark is not None:
        return Presence(_MARKED[mark])
    if chosen is not None:
        return Presence(chosen.kind, chosen.text)
    if sessions >= MAX_SESSIONS or is_full(limits, used):
        return Presence(PresenceKind.DO_NOT_DISTURB)
    return Presence(PresenceKind.BUSY if used.live else PresenceKind.AVAILABLE)


def after_accept_or_close(chosen: ChosenPresence | None) -> ChosenPresence | None:
    """What is left of a choice once the agent accepts or closes a conversation."""
    return chosen if chosen is not None and chosen.stays else None


def receives_offers(kind: PresenceKind, allowed: Collection[PresenceKind]) -> bool:
    """Whether the workstream's allowed presences let an agent be offered something."""
    return kind in ALLOWABLE and kind in allowed
