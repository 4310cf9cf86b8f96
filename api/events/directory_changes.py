"""What streams tell of the directory: each row of it that has changed, as the reader may see it.

The events that tell who changed what are not everybody's to hear; the row is. It is read with the events, at
the same instant.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Literal

from sqlmodel import Session

from api.events.frames import Frame
from api.schemas.directory_views import (
    NamedAgentView,
    NamedPageView,
    NamedQueueView,
    NamedWorkstreamView,
)
from api.security.auth import Rights
from domain.access.roles import Role
from domain.events.kinds import FactKind
from store.access.conversation_viewers import queues_of_agents
from store.access.directory import read_agents, read_pages, read_queues, read_workstreams
from store.tables import Event


class DirectoryKind(StrEnum):
    """What a row of the directory is."""

    AGENT = "agent"
    PAGE = "page"
    QUEUE = "queue"
    WORKSTREAM = "workstream"


class _DirectoryChange(Frame):
    event: ClassVar[str] = "directory"
    id: str


class AgentChange(_DirectoryChange):
    """An agent came, or has another name, role or presence, or has left."""

    kind: Literal[DirectoryKind.AGENT] = DirectoryKind.AGENT
    row: NamedAgentView | None


class PageChange(_DirectoryChange):
    """A page was added, or has another name."""

    kind: Literal[DirectoryKind.PAGE] = DirectoryKind.PAGE
    row: NamedPageView | None


class QueueChange(_DirectoryChange):
    """A queue was added, has another name, or is no more: `row` is null then."""

    kind: Literal[DirectoryKind.QUEUE] = DirectoryKind.QUEUE
    row: NamedQueueView | None


class WorkstreamChange(_DirectoryChange):
    """A workstream was added, has another name, or is no more: `row` is null then."""

    kind: Literal[DirectoryKind.WORKSTREAM] = DirectoryKind.WORKSTREAM
    row: NamedWorkstreamView | None


_Subject = tuple[DirectoryKind, str]


@dataclass(frozen=True, slots=True)
class _Row:
    """A changed row as it is told to those who may see all of it, and to the others."""

    whole: bytes
    partial: bytes
    is_whole_for: Callable[[str, Rights], bool]
    """Whether a reader, by their id, with these rights sees all of it."""


_SUBJECTS: Mapping[str, _Subject] = {
    FactKind.AGENT_CREATED: (DirectoryKind.AGENT, "agent_id"),
    FactKind.AGENT_CHANGED: (DirectoryKind.AGENT, "agent_id"),
    FactKind.AGENT_RESTORED: (DirectoryKind.AGENT, "agent_id"),
    FactKind.AGENT_PRESENCE_CHANGED: (DirectoryKind.AGENT, "agent_id"),
    FactKind.QUEUE_MEMBER_ADDED: (DirectoryKind.AGENT, "agent_id"),
    FactKind.QUEUE_MEMBER_REMOVED: (DirectoryKind.AGENT, "agent_id"),
    FactKind.PAGE_SAVED: (DirectoryKind.PAGE, "page_id"),
    FactKind.PAGE_CHANGED: (DirectoryKind.PAGE, "page_id"),
    FactKind.PAGE_REMOVED: (DirectoryKind.PAGE, "page_id"),
    FactKind.QUEUE_CREATED: (DirectoryKind.QUEUE, "queue_id"),
    FactKind.QUEUE_CHANGED: (DirectoryKind.QUEUE, "queue_id"),
    FactKind.QUEUE_DELETED: (DirectoryKind.QUEUE, "queue_id"),
    FactKind.WORKSTREAM_CREATED: (DirectoryKind.WORKSTREAM, "workstream_id"),
    FactKind.WORKSTREAM_COPIED: (DirectoryKind.WORKSTREAM, "workstream_id"),
    FactKind.WORKSTREAM_CHANGED: (DirectoryKind.WORKSTREAM, "workstream_id"),
    FactKind.WORKSTREAM_DELETED: (DirectoryKind.WORKSTREAM, "workstream_id"),
}
"""The events that change a row of the directory, and where each names it."""


class DirectoryChanges:
    """The rows of the directory that some events have changed, as they are at one instant.

    Where several events have changed a row the last of them tells it: all would tell the same.
    """

    def __init__(self, session: Session, events: Iterable[Event]) -> None:
        told_by = {subject: event.id for event in events if (subject := _subject_of(event)) is not None}
        ids: defaultdict[DirectoryKind, list[str]] = defaultdict(list)
        for kind, id_ in told_by:
            ids[kind].append(id_)
        self._subjects: Mapping[int | None, _Subject] = {event: subject for subject, event in told_by.items()}
        self._rows: Mapping[_Subject, _Row] = {
            (kind, id_): row
            for kind, of_kind in ids.items()
            for id_, row in _ROWS[kind](session, of_kind).items()
        }

    def block(self, event: Event, reader_id: str, rights: Rights) -> bytes:
        """The block that tells a reader of what an event has changed; empty where it changed nothing."""
        subject = self._subjects.get(event.id)
        if subject is None:
            return b""
        row = self._rows[subject]
        return row.whole if row.is_whole_for(reader_id, rights) else row.partial


def _subject_of(event: Event) -> _Subject | None:
    found = _SUBJECTS.get(event.kind)
    if found is None:
        return None
    kind, member = found
    named = event.page_id if member == "page_id" else event.data.get(member)
    return (kind, named) if named is not None else None


def _agents(session: Session, ids: list[str]) -> dict[str, _Row]:
    rows = {each.id: NamedAgentView.of(each) for each in read_agents(session, ids)}
    queues = queues_of_agents(session, ids)

    def made(agent_id: str) -> _Row:
        row = rows.get(agent_id)
        colleagues = queues.get(agent_id, frozenset())
        without = row.model_copy(update={"presence": None}) if row is not None else None
        return _Row(
            AgentChange(id=agent_id, row=row).render(),
            AgentChange(id=agent_id, row=without).render(),
            lambda reader_id, rights: (
                rights.role is Role.ADMIN
                or reader_id == agent_id
                or not rights.queue_ids.isdisjoint(colleagues)
            ),
        )

    return {id_: made(id_) for id_ in ids}


def _queues(session: Session, ids: list[str]) -> dict[str, _Row]:
    names = {each.id: each.name for each in read_queues(session, ids)}

    def block(queue_id: str, *, served: bool) -> bytes:
        name = names.get(queue_id)
        row = NamedQueueView(id=queue_id, name=name, served=served) if name is not None else None
        return QueueChange(id=queue_id, row=row).render()

    def made(queue_id: str) -> _Row:
        return _Row(
            block(queue_id, served=True),
            block(queue_id, served=False),
            lambda _, rights: queue_id in rights.queue_ids,
        )

    return {id_: made(id_) for id_ in ids}


def _pages(session: Session, ids: list[str]) -> dict[str, _Row]:
    rows = {each.id: NamedPageView.of(each) for each in read_pages(session, ids)}
    return {id_: _for_all(PageChange(id=id_, row=rows.get(id_))) for id_ in ids}


def _workstreams(session: Session, ids: list[str]) -> dict[str, _Row]:
    rows = {each.id: NamedWorkstreamView.of(each) for each in read_workstreams(session, ids)}
    return {id_: _for_all(WorkstreamChange(id=id_, row=rows.get(id_))) for id_ in ids}


def _for_all(change: Frame) -> _Row:
    block = change.render()
    return _Row(block, block, lambda _reader, _rights: True)


_ROWS: Mapping[DirectoryKind, Callable[[Session, list[str]], dict[str, _Row]]] = {
    DirectoryKind.AGENT: _agents,
    DirectoryKind.PAGE: _pages,
    DirectoryKind.QUEUE: _queues,
    DirectoryKind.WORKSTREAM: _workstreams,
}
