"""What the API shows of agents, pages, queues and workstreams where it names them."""

from typing import Self

from pydantic import BaseModel

from domain.access.roles import Role
from domain.routing.presence import PresenceKind
from store.access.directory import AgentEntry, Entry, PageEntry, QueueEntry


class NamedAgentView(BaseModel):
    """An agent. `presence` is null for somebody with whom you serve no queue."""

    id: str
    name: str
    role: Role
    active: bool
    presence: PresenceKind | None

    @classmethod
    def of(cls, entry: AgentEntry) -> Self:
        """The agent as the directory has them."""
        return cls(
            id=entry.id,
            name=entry.name,
            role=Role(entry.role),
            active=entry.active,
            presence=PresenceKind(entry.presence) if entry.presence is not None else None,
        )


class NamedPageView(BaseModel):
    """A page of Facebook's. `attachments_for_agents`: agents may send files on it."""

    page_id: str
    name: str
    attachments_for_agents: bool

    @classmethod
    def of(cls, entry: PageEntry) -> Self:
        """The page as the directory has it."""
        return cls(page_id=entry.id, name=entry.name, attachments_for_agents=entry.attachments_for_agents)


class NamedQueueView(BaseModel):
    """A queue. `served`: you are a member of it."""

    id: str
    name: str
    served: bool

    @classmethod
    def of(cls, entry: QueueEntry) -> Self:
        """The queue as the directory has it."""
        return cls(id=entry.id, name=entry.name, served=entry.served)


class NamedWorkstreamView(BaseModel):
    """A workstream."""

    id: str
    name: str

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """The workstream as the directory has it."""
        return cls(id=entry.id, name=entry.name)
