"""What the log of facts alone says of offers: sessions, presences, and each fact that cannot be.

Facts are as the API shows them (`EventView`), in the order of their ids.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from store import tables

Line = dict[str, Any]

_ENDS = frozenset({"offer.accepted", "offer.declined", "offer.timed_out", "offer.withdrawn"})
_RETURNED = frozenset({"offer.declined", "offer.timed_out"})
_CLOSED = "session.closed"
_HEEDS_DECLINES = "push"


@dataclass
class OfferFacts:
    """What the log tells, and what of it cannot be.

    `sessions`: of each conversation that somebody has, or is offered: (session, agent). `presences`: the last
    one of each agent. `made_at`: of each offer. `late`: sessions whose slot came beyond the capacity, or
    again after it had been taken back.
    """

    sessions: dict[str, tuple[str, str]] = field(default_factory=dict)
    presences: dict[str, str] = field(default_factory=dict)
    made_at: dict[str, datetime] = field(default_factory=dict)
    late: set[str] = field(default_factory=set)
    ends: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


def facts_of(session: Session) -> list[Line]:
    """The log's rows, as the API shows them."""
    log = session.exec(select(tables.Event).order_by(col(tables.Event.id)))
    return [
        {
            "id": each.id,
            "at": each.at.isoformat(),
            "kind": each.kind,
            "conversation_id": each.conversation_id,
            "actor_id": each.actor_id,
            "data": each.data,
        }
        for each in log
    ]


def standing(facts: Iterable[Line]) -> list[Line]:
    """The facts but for those that a later one takes back."""
    every = list(facts)
    taken_back = {each["data"]["event_id"] for each in every if each["kind"] == "event.retracted"}
    return [each for each in every if each["id"] not in taken_back]


def _by_first_ends(facts: list[Line]) -> list[Line]:
    """What stands, the end of each session where it was first told.

    Where that was taken back, and the session was ended another way, its slot and its conversation were free
    since then, and may have gone to somebody else.
    """
    first_ends: dict[str, int] = {}
    for fact in facts:
        if fact["kind"] == _CLOSED:
            first_ends.setdefault(fact["data"]["session_id"], fact["id"])

    def place(fact: Line) -> int:
        return first_ends[fact["data"]["session_id"]] if fact["kind"] == _CLOSED else int(fact["id"])

    return sorted(standing(facts), key=place)


def read_offers(facts: Iterable[Line], limits: Mapping[str, int], decline_limit: int) -> OfferFacts:
    """Go through the log. `limits`: how many conversations each agent may have at once, Wrap-up included."""
    reading = _Reading(_by_first_ends(list(facts)), limits, decline_limit)
    for fact in reading.facts:
        reading.take(fact)
    reading.end()
    return reading.found


class _Reading:
    def __init__(self, facts: list[Line], limits: Mapping[str, int], decline_limit: int) -> None:
        self.facts = facts
        self.found = OfferFacts()
        self._limits = limits
        self._decline_limit = decline_limit
        self._forced = {
            each["data"]["slot_id"]
            for each in facts
            if each["kind"] in {"slot.forced", "slot.late"} and each["data"].get("forced", True)
        }
        self.found.late = {
            each["data"]["slot_id"] for each in facts if each["kind"] in {"slot.forced", "slot.late"}
        }
        self._agents: dict[str, str] = {}
        self._open_offers: dict[str, str] = {}
        self._returns: Counter[tuple[str, str]] = Counter()

    def take(self, fact: Line) -> None:
        kind, data, conversation_id = fact["kind"], fact["data"], fact["conversation_id"]
        if kind == "agent.presence_changed":
            self.found.presences[data["agent_id"]] = data["to"]
        elif kind == "session.started":
            self._started(conversation_id, data["session_id"], fact["actor_id"])
        elif kind == "offer.made":
            self._made(fact, conversation_id, data)
        elif kind in _ENDS:
            self._ended(kind, conversation_id, data)
        elif kind == _CLOSED:
            self._closed(conversation_id, data["session_id"])

    def end(self) -> None:
        """An offer is open for as long as its conversation has that session."""
        for offer_id, conversation_id in self._open_offers.items():
            if self.found.sessions.get(conversation_id, ("", ""))[0] != offer_id:
                self._wrong(f"offer {offer_id} has no end")

    def _wrong(self, what: str) -> None:
        self.found.violations.append(what)

    def _started(self, conversation_id: str, session_id: str, agent_id: str | None) -> None:
        if session_id in self._agents:
            self._wrong(f"session {session_id} started twice")
        if conversation_id in self.found.sessions:
            self._wrong(f"{conversation_id} has two sessions at once, the second is {session_id}")
        self._agents[session_id] = agent_id or ""
        self.found.sessions[conversation_id] = session_id, agent_id or ""
        if agent_id:
            self._returns = Counter(
                {key: count for key, count in self._returns.items() if key[0] != conversation_id}
            )
            self._count(agent_id)

    def _made(self, fact: Line, conversation_id: str, data: Line) -> None:
        offer_id, agent_id = data["offer_id"], data["agent_id"]
        if offer_id in self.found.made_at:
            self._wrong(f"offer {offer_id} was told twice")
        if self._agents.get(offer_id) is None:
            self._wrong(f"offer {offer_id} has no session")
        if data["origin"] == _HEEDS_DECLINES:
            asked = self._returns[conversation_id, agent_id]
            if asked >= self._decline_limit:
                self._wrong(f"offer {offer_id} to {agent_id}, who did not take it {asked} times")
        self.found.made_at[offer_id] = datetime.fromisoformat(fact["at"])
        self._open_offers[offer_id] = conversation_id
        self._agents[offer_id] = agent_id
        self.found.sessions[conversation_id] = offer_id, agent_id
        self._count(agent_id)

    def _ended(self, kind: str, conversation_id: str, data: Line) -> None:
        offer_id, agent_id = data["offer_id"], data["agent_id"]
        self.found.ends[kind] += 1
        if self._open_offers.pop(offer_id, None) is None:
            self._wrong(f"{kind} of offer {offer_id}, which was not open")
        if kind in _RETURNED:
            self._returns[conversation_id, agent_id] += 1
        if kind == "offer.accepted":
            for key in [key for key in self._returns if key[0] == conversation_id]:
                del self._returns[key]

    def _closed(self, conversation_id: str, session_id: str) -> None:
        session, _ = self.found.sessions.pop(conversation_id, ("", ""))
        if session != session_id:
            self._wrong(f"session {session_id} of {conversation_id} was closed, which it did not have")

    def _count(self, agent_id: str) -> None:
        own = [
            session
            for session, agent in self.found.sessions.values()
            if agent == agent_id and session not in self._forced
        ]
        if len(own) > self._limits.get(agent_id, 0):
            self._wrong(f"{agent_id} has {len(own)} conversations at once: {sorted(own)}")


def waits(facts: Iterable[Line]) -> Iterator[tuple[datetime, float]]:
    """When each wait for an agent began, and how many seconds it was until one accepted."""
    entered: dict[str, datetime] = {}
    for fact in standing(facts):
        at, conversation_id = datetime.fromisoformat(fact["at"]), fact["conversation_id"]
        if fact["kind"] == "conversation.queued":
            entered.setdefault(conversation_id, at)
        elif fact["kind"] == "offer.accepted" and conversation_id in entered:
            began = entered.pop(conversation_id)
            yield began, (at - began).total_seconds()
