"""The messaging window of one thread: what a customer's actions allow us to send, and until when.

Meta's rules (docs/reference/messenger-window-and-tags.md): an action of the customer opens a standard window
of 24 hours; a person may answer for 7 days with the human agent tag. The length may depend on the action: a
first message after a click-to-Messenger ad may open up to 7 days of standard window.

Everything here is a fold over the thread's openings, so their order of arrival does not matter.
All instants are timezone-aware; results are UTC.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

STANDARD_LENGTH = timedelta(hours=24)
HUMAN_AGENT_LENGTH = timedelta(days=7)
AD_STANDARD_LIMIT = timedelta(days=7)


class OpeningKind(StrEnum):
    """A customer action that opens or extends the window.

    The order is the order of preference when two openings reach equally far.
    """

    MESSAGE = "message"
    QUICK_REPLY = "quick_reply"
    POSTBACK = "postback"
    M_ME_LINK = "m_me_link"
    REACTION = "reaction"
    OPT_IN = "opt_in"
    AD_MESSAGE = "ad_message"


_RANK = {kind: -place for place, kind in enumerate(OpeningKind)}

_PEOPLE_MAY_ANSWER = frozenset(
    {OpeningKind.MESSAGE, OpeningKind.QUICK_REPLY, OpeningKind.POSTBACK, OpeningKind.AD_MESSAGE}
)
"""The actions after which a person may answer with the human agent tag. An ad message is a message."""


class Stage(StrEnum):
    """What the window allows at one instant."""

    STANDARD = "standard"
    HUMAN_AGENT = "human_agent"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class WindowLengths:
    """How long each kind of opening lasts.

    `standard` may name some kinds only; the others last 24 hours. A standard length is more than nothing and
    at most 24 hours, for AD_MESSAGE at most 7 days; `human_agent` is at most 7 days. Anything else is a
    ValueError, because Meta would refuse what it allows.
    """

    standard: Mapping[OpeningKind, timedelta] = field(default_factory=dict)
    human_agent: timedelta = HUMAN_AGENT_LENGTH

    def __post_init__(self) -> None:
        complete = {kind: self.standard.get(kind, STANDARD_LENGTH) for kind in OpeningKind}
        for kind, length in complete.items():
            limit = AD_STANDARD_LIMIT if kind is OpeningKind.AD_MESSAGE else STANDARD_LENGTH
            if not timedelta(0) < length <= limit:
                raise ValueError(f"standard window of {kind}: {length} is not within (0, {limit}]")
        if not timedelta(0) < self.human_agent <= HUMAN_AGENT_LENGTH:
            raise ValueError(
                f"human agent window: {self.human_agent} is not within (0, {HUMAN_AGENT_LENGTH}]"
            )
        object.__setattr__(self, "standard", MappingProxyType(complete))


DEFAULT_LENGTHS = WindowLengths()


@dataclass(frozen=True, slots=True)
class Opening:
    """A customer action and the intervals it opens: `[at, standard_until)` and `[at, human_agent_until)`."""

    kind: OpeningKind
    at: datetime
    standard_until: datetime
    human_agent_until: datetime | None


def opening(
    kind: OpeningKind,
    *,
    occurred_at: datetime | None,
    received_at: datetime,
    lengths: WindowLengths = DEFAULT_LENGTHS,
) -> Opening:
    """Date an action and measure what it opens.

    It counts from Meta's timestamp or our receipt, whichever is earlier, so that neither a late delivery nor
    a timestamp in the future can promise more than Meta grants. Without a timestamp it counts from receipt.
    """
    at = _utc(received_at) if occurred_at is None else min(_utc(occurred_at), _utc(received_at))
    return Opening(
        kind=kind,
        at=at,
        standard_until=at + lengths.standard[kind],
        human_agent_until=at + lengths.human_agent if kind in _PEOPLE_MAY_ANSWER else None,
    )


@dataclass(frozen=True, slots=True)
class Window:
    """The openings of a thread, folded.

    `opened_by` and `opened_at` name the one whose standard window reaches furthest.
    Build it from NEVER_OPENED with `extended_by`, or from all openings with `window_of`.
    """

    opened_by: OpeningKind | None
    opened_at: datetime | None
    standard_until: datetime | None
    human_agent_until: datetime | None

    def extended_by(self, opening: Opening) -> "Window":
        """Add one opening. Commutative, associative and idempotent; nothing ever shortens."""
        human_agent_until = _later(self.human_agent_until, opening.human_agent_until)
        if self._reaches_beyond(opening):
            return replace(self, human_agent_until=human_agent_until)
        return Window(opening.kind, opening.at, opening.standard_until, human_agent_until)

    def stage_at(self, now: datetime) -> Stage:
        """The stage at an instant. The end is exclusive: at `standard_until` itself standard is over.

        An instant before `opened_at` counts as after it: an opening we hold has happened, and only a lagging
        clock can say otherwise.
        """
        if self.standard_until is not None and now < self.standard_until:
            return Stage.STANDARD
        if self.human_agent_until is not None and now < self.human_agent_until:
            return Stage.HUMAN_AGENT
        return Stage.CLOSED

    def next_change_after(self, now: datetime) -> datetime | None:
        """The next instant at which the stage changes without a new opening, or None once it is closed."""
        match self.stage_at(now):
            case Stage.STANDARD:
                return self.standard_until
            case Stage.HUMAN_AGENT:
                return self.human_agent_until
            case Stage.CLOSED:
                return None

    def _reaches_beyond(self, opening: Opening) -> bool:
        if self.standard_until is None or self.opened_at is None or self.opened_by is None:
            return False
        mine = (self.standard_until, self.opened_at, _RANK[self.opened_by])
        return mine > (opening.standard_until, opening.at, _RANK[opening.kind])


NEVER_OPENED = Window(opened_by=None, opened_at=None, standard_until=None, human_agent_until=None)


def window_of(openings: Iterable[Opening]) -> Window:
    """Fold all openings of a thread, in any order, repeated or not."""
    window = NEVER_OPENED
    for each in openings:
        window = window.extended_by(each)
    return window


def _utc(instant: datetime) -> datetime:
    """In UTC, because adding 24 hours to a local time goes wrong when clocks change."""
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone cannot be placed")
    return instant.astimezone(UTC)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return max(one, other)
