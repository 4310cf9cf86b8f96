"""Reading the append-only event table, in the order of its ids.

Whoever follows it asks `settled_through` first, and reads no further.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, false, func, or_, select
from sqlmodel import Session, col

from domain.events.kinds import FactKind
from store.db.append_order import first_unsettled
from store.db.database import Database
from store.db.ranges import Span, cut
from store.tables import Agent, Event

Place = tuple[int]

_KEY = (col(Event.id),)


@dataclass(frozen=True, slots=True)
class EventFilter:
    """What events are narrowed to; unset fields do not narrow."""

    conversation_id: str | None = None
    page_id: str | None = None
    subjects: frozenset[str] | None = None
    """First parts of kinds: `survey` for `survey.answered`."""
    kinds: frozenset[str] | None = None
    also_about_agent_id: str | None = None
    """Besides what `subjects` has, what is told of this agent."""

    def lets_through(self, event: Event) -> bool:
        """The same condition for an event already read."""
        return (
            self.conversation_id in (None, event.conversation_id)
            and self.page_id in (None, event.page_id)
            and (self.subjects is None or self._is_among_subjects(event))
            and (self.kinds is None or event.kind in self.kinds)
        )

    def _is_among_subjects(self, event: Event) -> bool:
        subject = event.kind.partition(".")[0]
        return subject in (self.subjects or ()) or is_about_agent(event, self.also_about_agent_id)


def is_about_agent(event: Event, agent_id: str | None) -> bool:
    """Whether it tells of this agent: of their presence, their absence, their capacity."""
    return agent_id is not None and event.kind.startswith("agent.") and event.data.get("agent_id") == agent_id


EVERYTHING = EventFilter()


async def settled_through(database: Database) -> int | None:
    """The id up to which the log is complete, for transactions that begin after this; None: to its end.

    Beyond it a lower id may yet appear after a higher one (`store.db.append_order`).
    """
    if database.dialect != "postgresql":
        return None
    return await database.read(lambda session: (first_unsettled(session) or 1) - 1)


def listed(
    session: Session, wanted: EventFilter, span: Span[Place], *, through: int | None = None
) -> list[Event]:
    """A part of the log, in its order, not beyond the id `through`."""
    statement = select(Event)
    if through is not None:
        statement = statement.where(col(Event.id) <= through)
    if wanted.conversation_id is not None:
        statement = statement.where(col(Event.conversation_id) == wanted.conversation_id)
    if wanted.page_id is not None:
        statement = statement.where(col(Event.page_id) == wanted.page_id)
    if wanted.subjects is not None:
        kinds = [col(Event.kind).startswith(f"{each}.", autoescape=True) for each in sorted(wanted.subjects)]
        if wanted.also_about_agent_id is not None:
            about = col(Event.data)["agent_id"].as_string() == wanted.also_about_agent_id
            kinds.append(and_(col(Event.kind).startswith("agent."), about))
        statement = statement.where(or_(false(), *kinds))
    if wanted.kinds is not None:
        statement = statement.where(col(Event.kind).in_(sorted(wanted.kinds)))
    return list(session.scalars(cut(statement, _KEY, span)))


def find(session: Session, wanted: EventFilter, event_id: int) -> Event | None:
    """An event, if it is one of these."""
    event = session.get(Event, event_id)
    return event if event is not None and wanted.lets_through(event) else None


def place_of(event: Event) -> Place:
    """Where an event stands."""
    return (event.id or 0,)


def read_events(
    session: Session, wanted: EventFilter, *, after: int, limit: int, through: int | None = None
) -> list[Event]:
    """Events with ids greater than `after`, up to and with `through`, oldest first."""
    return listed(session, wanted, Span(limit, after=(after,)), through=through)


def events_of_kind(session: Session, kind: str, *, before: int | None, limit: int) -> list[Event]:
    """Events of one kind, newest first."""
    span = Span(limit, newest_first=True, before=None if before is None else (before,))
    return list(session.scalars(cut(select(Event).where(col(Event.kind) == kind), _KEY, span)))


def events_of_kinds(session: Session, kinds: Iterable[str], *, before: int | None, limit: int) -> list[Event]:
    """Events of several kinds, newest first. Each kind is read by itself, as they are indexed."""
    found = [event for kind in kinds for event in events_of_kind(session, kind, before=before, limit=limit)]
    return sorted(found, key=lambda event: -(event.id or 0))[:limit]


def all_after(session: Session, event_id: int) -> list[Event]:
    """Every event after this one, in the order of the log."""
    return list(session.scalars(select(Event).where(col(Event.id) > event_id).order_by(col(Event.id))))


def lapsed_offers_after(session: Session, event_id: int) -> list[tuple[datetime, str, str]]:
    """When an offer ended unanswered after this event, the agent's name, and the conversation."""
    lapsed = (
        select(col(Event.at), col(Agent.name), col(Event.conversation_id))
        .join(Agent, col(Agent.id) == col(Event.data)["agent_id"].as_string())
        .where(col(Event.id) > event_id, col(Event.kind) == FactKind.OFFER_TIMED_OUT.value)
        .order_by(col(Event.id))
    )
    return [(at, name, conversation_id) for at, name, conversation_id in session.execute(lapsed)]


def known_keys(session: Session, dedupe_keys: Iterable[str]) -> set[str | None]:
    """Those of these keys that an event has."""
    return set(
        session.scalars(select(col(Event.dedupe_key)).where(col(Event.dedupe_key).in_(list(dedupe_keys))))
    )


def newest_event_id(session: Session, *, through: int | None = None) -> int:
    """The id of the newest event, not beyond `through`; 0 when there is none."""
    newest = select(func.max(col(Event.id)))
    return session.scalar(newest if through is None else newest.where(col(Event.id) <= through)) or 0


def oldest_and_newest_ids(session: Session) -> tuple[int, int]:
    """The ids of the oldest and of the newest event; 0 when there is none."""
    # Two statements: SQLite looks both up in the index only if each is asked for alone.
    oldest = session.scalar(select(func.min(col(Event.id)))) or 0
    return oldest, newest_event_id(session)
