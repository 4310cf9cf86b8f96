"""What things are called that everything else names by an id: agents, pages, queues and workstreams."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col

from store.tables import Agent, AgentState, Page, Queue, QueueMember, Workstream


@dataclass(frozen=True, slots=True)
class AgentEntry:
    """An agent. `presence` is None where the reader may not know it."""

    id: str
    name: str
    role: str
    active: bool
    presence: str | None


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """A queue, and whether the reader serves it."""

    id: str
    name: str
    served: bool


@dataclass(frozen=True, slots=True)
class PageEntry:
    """A page, and whether its agents may send files."""

    id: str
    name: str
    attachments_for_agents: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """Anything else, by its id."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Directory:
    """All of one moment, each kind by name."""

    agents: Sequence[AgentEntry]
    pages: Sequence[PageEntry]
    queues: Sequence[QueueEntry]
    workstreams: Sequence[Entry]


def read_directory(session: Session, reader_id: str, *, knows_every_presence: bool) -> Directory:
    """The directory for a reader, who knows their own presence and that of whom they serve a queue with.

    Agents who have left and pages that were removed are in it: conversations still name them.
    """
    served = set(
        session.scalars(select(col(QueueMember.queue_id)).where(col(QueueMember.agent_id) == reader_id))
    )
    colleagues = set(
        session.scalars(select(col(QueueMember.agent_id)).where(col(QueueMember.queue_id).in_(served)))
    ) | {reader_id}
    return Directory(
        agents=[
            each if knows_every_presence or each.id in colleagues else replace(each, presence=None)
            for each in read_agents(session)
        ],
        pages=read_pages(session),
        queues=[QueueEntry(each.id, each.name, each.id in served) for each in read_queues(session)],
        workstreams=read_workstreams(session),
    )


def read_agents(session: Session, ids: Collection[str] | None = None) -> list[AgentEntry]:
    """All agents, or these, by name, each with their presence."""
    columns = (col(Agent.id), col(Agent.name), col(Agent.role), col(Agent.active), col(AgentState.presence))
    statement = select(*columns).outerjoin(AgentState, col(AgentState.agent_id) == col(Agent.id))
    if ids is not None:
        statement = statement.where(col(Agent.id).in_(ids))
    statement = statement.order_by(col(Agent.name), col(Agent.id))
    return [AgentEntry(*row) for row in session.execute(statement)]


def read_pages(session: Session, ids: Collection[str] | None = None) -> list[PageEntry]:
    """All pages, or these, by name."""
    columns = (col(Page.page_id), col(Page.name), col(Page.attachments_for_agents))
    statement = select(*columns).order_by(col(Page.name), col(Page.page_id))
    if ids is not None:
        statement = statement.where(col(Page.page_id).in_(ids))
    return [PageEntry(*row) for row in session.execute(statement)]


def read_queues(session: Session, ids: Collection[str] | None = None) -> list[Entry]:
    """All queues, or these, by name."""
    return _entries(session, col(Queue.id), col(Queue.name), ids)


def read_workstreams(session: Session, ids: Collection[str] | None = None) -> list[Entry]:
    """All workstreams, or these, by name."""
    return _entries(session, col(Workstream.id), col(Workstream.name), ids)


def _entries(
    session: Session, of: Mapped[str], name: Mapped[str], ids: Collection[str] | None
) -> list[Entry]:
    statement = select(of, name).order_by(name, of)
    if ids is not None:
        statement = statement.where(of.in_(ids))
    return [Entry(*row) for row in session.execute(statement)]
