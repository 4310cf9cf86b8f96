"""The pictures of `docs/work-distribution.md`: the way to an agent, and who is offered a conversation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from domain.events.kinds import FactKind
from domain.routing.assignment import Assignment
from domain.routing.capacity import CapacityLimits, UsedCapacity
from domain.routing.chooser import choose
from domain.routing.demand import Demand, SkillMatching, SkillNeed
from domain.routing.eligibility import has_room, is_qualified, may_be_asked
from domain.routing.members import Member, WorkItem
from domain.routing.offers import DEFAULT_COUNTDOWN_SECONDS
from domain.routing.overflow import OverflowCondition
from domain.routing.presence import ChosenPresence, PresenceKind, PresenceMark, presence_of, receives_offers
from scripts.docs.drawing import FAINT, INK, arrow, drawing, element, lines, words

_BLUE, _GREEN, _RED, _GREY = "#0b6bcb", "#1a7f37", "#b42318", "#eceff3"
_OFFERED = "#cfe8d5"
_BOX_WIDTH, _BOX_HEIGHT, _TOP = 180, 64, 96

_STEPS: tuple[tuple[str, str, tuple[str, ...], FactKind | None], ...] = (
    ("Customer writes", "", ("or is handed over,", "or comes back"), FactKind.CONVERSATION_OPENED),
    ("Rules classify", "skills, priority", ("first match", "of each rule set"), None),
    (
        "Rules route",
        "else the fallback queue",
        ("first match whose", "queue has no overflow"),
        None,
    ),
    ("Queue", "priority, then age", ("a stay, with its", "number and reason"), FactKind.CONVERSATION_QUEUED),
    (
        "Offer",
        f"to one agent, for {DEFAULT_COUNTDOWN_SECONDS} s",
        ("present, with room,", "with the skills"),
        FactKind.OFFER_MADE,
    ),
    ("In conversation", "the agent's session", ("accepted in time,", "or picked"), FactKind.OFFER_ACCEPTED),
)
_BACK = (FactKind.OFFER_DECLINED, FactKind.OFFER_TIMED_OUT, FactKind.OFFER_WITHDRAWN)


def way() -> str:
    """A conversation's way to an agent, with the events that tell of each step."""
    parts = [words(20, 34, "From the customer's message to an agent", size=18, font_weight="bold")]
    for number, (title, below, how, kind) in enumerate(_STEPS):
        x = 20 + number * 205
        parts.append(_step(x, title, below, how, kind))
        if number:
            parts.append(arrow(f"M{x - 24},{_TOP + 32} L{x - 3},{_TOP + 32}"))
    queue, offer = 20 + 3 * 205 + 90, 20 + 4 * 205 + 90
    parts.append(arrow(f"M{offer},{_TOP - 2} C{offer},52 {queue},52 {queue},{_TOP - 2}", stroke=_RED))
    refused = ", ".join(_BACK)
    told = (refused, "not accepted: the next stay, same age")
    parts.append(lines((queue + offer) / 2, 34, told, size=12.5, fill=_RED, anchor="middle", step=16))
    rules = 20 + 2 * 205 + 90
    conditions = ", ".join(each.replace("_", " ") for each in OverflowCondition)
    parts.append(element("line", x1=rules, y1=_TOP + 150, x2=rules, y2=_TOP + 178, stroke=FAINT))
    parts.append(
        lines(
            rules - 60,
            _TOP + 196,
            (
                f"Overflow: {conditions}.",
                f"{FactKind.CONVERSATION_OVERFLOWED}: it went to another queue, or was closed.",
            ),
            size=12.5,
            fill=FAINT,
        )
    )
    parts.append(
        lines(
            rules - 60,
            _TOP + 240,
            (
                f"{FactKind.CONVERSATION_RESERVED}: for the former or preferred agents alone, for some time.",
                f"{FactKind.CONVERSATION_PARKED}: all have declined; people pick or assign it.",
            ),
            size=12.5,
            fill=FAINT,
        )
    )
    return drawing(1260, 370, "The way of a conversation to an agent", parts)


def _step(x: float, title: str, below: str, how: Sequence[str], kind: FactKind | None) -> str:
    parts = [
        element("rect", x=x, y=_TOP, width=_BOX_WIDTH, height=_BOX_HEIGHT, rx=8, fill=_GREY, stroke=INK),
        words(x + 90, _TOP + (28 if below else 38), title, size=14.5, anchor="middle", font_weight="bold"),
        lines(x + 90, _TOP + 88, how, size=12.5, anchor="middle", fill=FAINT, step=16),
    ]
    if below:
        parts.append(words(x + 90, _TOP + 48, below, size=12.5, anchor="middle"))
    if kind is not None:
        parts.append(words(x + 90, _TOP + 132, kind.value, size=12.5, anchor="middle", fill=_BLUE))
    return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class _Agent:
    """What is known of an agent at one moment."""

    name: str
    french: int = 0
    used: int = 0
    chosen: PresenceKind | None = None
    mark: PresenceMark | None = None

    def member(self) -> Member:
        """The agent as the rules see them."""
        limits, used = CapacityLimits(_UNITS), UsedCapacity(self.used, live=self.used)
        chosen = ChosenPresence(self.chosen) if self.chosen else None
        presence = presence_of(
            connected=True, chosen=chosen, mark=self.mark, used=used, limits=limits, sessions=self.used
        )
        ratings = {"French": self.french} if self.french else {}
        return Member(self.name, presence.kind, limits, used, self.used, ratings)


_UNITS = 3
_NINE = datetime(2026, 12, 1, 9, tzinfo=UTC)
_ITEM = WorkItem(
    "chloe",
    Demand("service", "shop", (SkillNeed("French", 5),), SkillMatching.EXACT),
    age_at=_NINE,
)
_AT_NINE = (
    _Agent("Mia"),
    _Agent("Tom", french=6, chosen=PresenceKind.AWAY),
    _Agent("Noor", french=8, used=3),
    _Agent("Lea", french=7, used=1),
)
_LEA_MISSED = (*_AT_NINE[:3], replace(_AT_NINE[3], mark=PresenceMark.MISSED))
_NOOR_HAS_ROOM = (*_AT_NINE[:2], replace(_AT_NINE[2], used=2), _LEA_MISSED[3])
_MOMENTS: tuple[tuple[timedelta, tuple[str, str], tuple[_Agent, ...], dict[str, int]], ...] = (
    (timedelta(), ("Chloé writes:", "French, at least 5"), _AT_NINE, {}),
    (timedelta(minutes=2), ("Lea has not answered", "and becomes inactive"), _LEA_MISSED, {"Lea": 1}),
    (timedelta(minutes=5), ("Noor closes one of", "her conversations"), _NOOR_HAS_ROOM, {"Lea": 1}),
)


def who_is_offered() -> str:
    """One conversation and four agents at three moments, judged by the rules themselves."""
    parts = [
        words(20, 34, "Who is offered Chloé's conversation, and who is not", size=18, font_weight="bold")
    ]
    for row, agent in enumerate(_AT_NINE):
        y = 128 + row * 64
        has = f"French {agent.french}" if agent.french else "no French"
        parts.append(words(20, y, agent.name, size=15, font_weight="bold"))
        parts.append(words(20, y + 19, has, size=12.5, fill=FAINT))
    for column, (after, what, agents, declines) in enumerate(_MOMENTS):
        parts.append(_moment(130 + column * 320, after, what, agents, declines))
    parts.append(
        words(
            20,
            386,
            f"Each agent may have {_UNITS} conversations at once; skills have to match exactly.",
            size=12.5,
            fill=FAINT,
        )
    )
    return drawing(1100, 404, "Who is offered a conversation at three moments", parts)


def _moment(
    x: float, after: timedelta, what: Sequence[str], agents: Sequence[_Agent], declines: dict[str, int]
) -> str:
    item, now = replace(_ITEM, declines=declines), _NINE + after
    members = [agent.member() for agent in agents]
    choice = choose(item, members, Assignment(), now)
    chosen = choice.agent_id if choice else None
    parts = [
        words(x, 62, f"{now:%H:%M}", size=14, font_weight="bold"),
        lines(x + 52, 62, what, size=12.5, step=16),
    ]
    for row, member in enumerate(members):
        y = 106 + row * 64
        is_chosen = member.agent_id == chosen
        fill, ink = (_OFFERED, _GREEN) if is_chosen else (_GREY, INK)
        used = f"{member.presence.replace('_', ' ')}, {member.used.units} of {_UNITS}"
        parts.append(element("rect", x=x, y=y, width=300, height=50, rx=6, fill=fill))
        parts.append(words(x + 12, y + 21, used, size=12.5, fill=FAINT))
        parts.append(words(x + 12, y + 40, _verdict(item, member, members, chosen), size=13.5, fill=ink))
    return "\n".join(parts)


def _verdict(item: WorkItem, member: Member, members: Sequence[Member], chosen: str | None) -> str:
    """Why this member is offered it, or is not: the first of the conditions that decides."""
    if member.agent_id == chosen:
        return "is offered it"
    if not is_qualified(item, member, Assignment()):
        return "no: lacks the skill"
    if not has_room(item, member):
        return "no: has no room"
    if not receives_offers(member.presence, item.allowed):
        return f"no: {member.presence.replace('_', ' ')}"
    if not may_be_asked(item, member, members, Assignment()):
        return "no: others are asked first"
    return f"could have it, after {chosen}"
