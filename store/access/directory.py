"""What things are called that everything else names by an id: agents, pages, queues and workstreams."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
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
class Entry:
    """Anything else, by its id."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Directory:
    """All of one moment, each kind by name."""

    agents: Sequence[AgentEntry]
    pages: Sequence[Entry]
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
    agents = session.execute(
        select(col(Agent.id), col(Agent.name), col(Agent.role), col(Agent.active), col(AgentState.presence))
        .outerjoin(AgentState, col(AgentState.agent_id) == col(Agent.id))
        .order_by(col(Agent.name), col(Agent.id))
    )
    queues = session.execute(select(col(Queue.id), col(Queue.name)).order_by(col(Queue.name), col(Queue.id)))
    pages = session.execute(
        select(col(Page.page_id), col(Page.name)).order_by(col(Page.name), col(Page.page_id))
    )
    workstreams = session.execute(
        select(col(Workstream.id), col(Workstream.name)).order_by(col(Workstream.name), col(Workstream.id))
    )
    return Directory(
        agents=[
            AgentEntry(
                id_, name, role, active, presence if knows_every_presence or id_ in colleagues else None
            )
            for id_, name, role, active, presence in agents
        ],
        pages=[Entry(*row) for row in pages],
        queues=[QueueEntry(id_, name, id_ in served) for id_, name in queues],
        workstreams=[Entry(*row) for row in workstreams],
    )
