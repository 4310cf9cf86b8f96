"""Reading conversations, with their customer, window and session."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, exists, func, or_, select, union
from sqlalchemy.orm import defer
from sqlmodel import Session, col

from domain.conversations.lifecycle import Status
from domain.routing.demand import DEFAULT_QUEUE_ID
from domain.sending.window import Stage
from domain.workstreams.automated_texts import placeholder_names
from domain.workstreams.conversation_settings import ConversationSettings
from store.access.visibility import (
    Reader,
    conversation_is_listed,
    conversation_is_seen,
    joined,
    queues_of,
    served,
)
from store.conversations.participants import participants_of
from store.db.ranges import Span, merged, unindexed
from store.db.sql import among
from store.search import texts as search_texts
from store.search.texts import Kind
from store.tables import (
    Agent,
    AgentSession,
    Conversation,
    Customer,
    Message,
    Page,
    Participant,
    Queue,
    SessionTemplate,
    Thread,
    Workstream,
)
from store.workstreams import context_variables as context

LIVE_STATUSES = tuple(status.value for status in Status if status is not Status.CLOSED)
CLOSING_SOON = timedelta(hours=1)
_SHARED = frozenset({Status.ACTIVE.value, Status.WAITING.value, Status.WRAP_UP.value})
"""In these somebody may take part beside the agent."""

Place = tuple[datetime, str]

_STATUSES = [status.value for status in Status]
_KEY = (
    func.coalesce(col(Conversation.last_message_at), col(Conversation.opened_at)),
    col(Conversation.id),
)


class WindowFilter(StrEnum):
    """Which windows are asked for. CLOSING_SOON: the stage changes within the hour."""

    STANDARD = "standard"
    HUMAN_AGENT = "human_agent"
    CLOSED = "closed"
    CLOSING_SOON = "closing_soon"


# By these a stage is found where few threads are in it; where many are, one meets them soon.
_ENDS = {
    WindowFilter.STANDARD: col(Thread.standard_until),
    WindowFilter.HUMAN_AGENT: col(Thread.human_agent_until),
}
_FEW = 500

_MAX_QUEUE_RANGES = 10
"""Each queue is read by itself. Who serves more of them sees much of everything: that is read and sifted."""


@dataclass(frozen=True, slots=True)
class ConversationRecord:
    """A conversation's row with those that it is shown with.

    `names` and `variables` fill the placeholders of its workstream's session template; `variables` are read
    only where that mentions some. `participants`: who takes part beside its agent.
    """

    conversation: Conversation
    customer: Customer
    thread: Thread
    session: AgentSession | None
    template: SessionTemplate | None
    names: Mapping[str, str]
    agent_name: str | None = None
    page_name: str | None = None
    queue_name: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    participants: Sequence[Participant] = ()

    @property
    def activity_at(self) -> datetime:
        """When something last happened in it; lists are sorted by this."""
        return self.conversation.last_message_at or self.conversation.opened_at


@dataclass(frozen=True, slots=True)
class ConversationFilter:
    """What a list is narrowed to; unset fields do not narrow.

    `of_nobody`: no agent has it. `text`: words that were said, or a name.
    """

    statuses: Sequence[str] = field(default_factory=tuple)
    page_id: str | None = None
    customer_id: str | None = None
    agent_id: str | None = None
    of_nobody: bool = False
    queue_id: str | None = None
    window: WindowFilter | None = None
    text: str | None = None


def find(session: Session, conversation_id: str) -> ConversationRecord | None:
    """One conversation."""
    found = _read(session, _records().where(col(Conversation.id) == conversation_id))
    return found[0] if found else None


def find_all(session: Session, conversation_ids: Collection[str]) -> list[ConversationRecord]:
    """Those of these conversations that there are, in no order."""
    if not conversation_ids:
        return []
    return _read(session, _records().where(col(Conversation.id).in_(conversation_ids)))


def seen(session: Session, conversation_ids: Sequence[str], reader: Reader) -> list[ConversationRecord]:
    """Those of these conversations that this reader sees, in this order."""
    of_these = col(Conversation.id).in_(conversation_ids)
    wanted = _records().where(of_these, conversation_is_seen(reader))
    return sorted(_read(session, wanted), key=lambda record: conversation_ids.index(record.conversation.id))


def listed(
    session: Session, wanted: ConversationFilter, span: Span[Place], *, now: datetime, reader: Reader
) -> list[ConversationRecord]:
    """A part of the list by activity: of what this reader sees for its own sake."""
    ranges = _ranges(session, wanted, now, reader)
    if not ranges:
        return []
    ids = session.scalars(merged(ranges, _KEY, span)).all()
    found = _read(session, _records().where(col(Conversation.id).in_(ids)))
    return sorted(found, key=lambda record: ids.index(record.conversation.id))


def count_listed(
    session: Session, wanted: ConversationFilter, *, now: datetime, reader: Reader, limit: int
) -> int:
    """How many conversations `listed` would show, at most `limit`."""
    ranges = _ranges(session, wanted, now, reader)
    if not ranges:
        return 0
    found = merged(ranges, _KEY, Span(limit, newest_first=True)).subquery()
    return session.scalar(select(func.count()).select_from(found)) or 0


def place_of(record: ConversationRecord) -> Place:
    """Where a conversation stands in the list."""
    return record.activity_at, record.conversation.id


def live_counts(session: Session, page_id: str) -> dict[str, int]:
    """How many conversations of a page are not closed, by status."""
    rows = session.execute(
        select(col(Conversation.status), func.count())
        .where(col(Conversation.page_id) == page_id, col(Conversation.status).in_(LIVE_STATUSES))
        .group_by(col(Conversation.status))
    )
    return {status: count for status, count in rows}  # noqa: C416 - a Row is no pair to mypy


def live_customers(session: Session, page_id: str, *, after: str, limit: int) -> list[str]:
    """The ids of a page's customers with a conversation that is not closed, in their order."""
    return list(
        session.scalars(
            select(col(Conversation.customer_id))
            .where(
                col(Conversation.page_id) == page_id,
                col(Conversation.status).in_(LIVE_STATUSES),
                col(Conversation.customer_id) > after,
            )
            .distinct()
            .order_by(col(Conversation.customer_id))
            .limit(limit)
        )
    )


def may_live(conversation: Conversation, settings: ConversationSettings, now: datetime) -> bool:
    """Whether a conversation lives, or has closed so lately that it may be reopened."""
    if conversation.status != Status.CLOSED:
        return True
    within = timedelta(seconds=settings.reopen_closed_within_seconds)
    return conversation.closed_at is not None and now < conversation.closed_at + within


def live_conversation_id(session: Session, customer_id: str) -> str | None:
    """The customer's conversation that is not closed."""
    return session.scalars(
        select(col(Conversation.id))
        .where(col(Conversation.customer_id) == customer_id, col(Conversation.status).in_(LIVE_STATUSES))
        .order_by(col(Conversation.opened_at).desc())
    ).first()


def _records() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Conversation,
            Customer,
            Thread,
            AgentSession,
            SessionTemplate,
            col(Agent.name),
            col(Page.name),
            col(Queue.name),
        )
        .join(Customer, col(Customer.id) == col(Conversation.customer_id))
        .join(Thread, col(Thread.customer_id) == col(Conversation.customer_id))
        # Outer joins alone let SQLite read a page's conversations in order from their index.
        .outerjoin(Page, col(Page.page_id) == col(Conversation.page_id))
        .outerjoin(Workstream, col(Workstream.id) == col(Page.workstream_id))
        .outerjoin(Queue, col(Queue.id) == col(Conversation.queue_id))
        .outerjoin(AgentSession, col(AgentSession.id) == col(Conversation.session_id))
        .outerjoin(Agent, col(Agent.id) == col(Conversation.agent_id))
        .outerjoin(SessionTemplate, col(SessionTemplate.id) == col(Workstream.session_template_id))
        # Kilobytes of JSON, which nobody is shown.
        .options(defer(Thread.state))  # type: ignore[arg-type]  # SQLModel types columns as values
    )


def _read(session: Session, statement: Select[*tuple[Any, ...]]) -> list[ConversationRecord]:
    records = [
        ConversationRecord(
            conversation,
            customer,
            thread,
            turn,
            template,
            placeholder_names(agent, customer.name, page, queue),
            agent,
            page,
            queue,
        )
        for conversation, customer, thread, turn, template, agent, page, queue in session.execute(statement)
    ]
    needing = [record.conversation.id for record in records if _needs_variables(record)]
    variables = context.as_texts(session, needing) if needing else {}
    shared = [each.conversation.id for each in records if each.conversation.status in _SHARED]
    participants = participants_of(session, shared)
    if not variables and not participants:
        return records
    return [
        replace(
            each,
            variables=variables.get(each.conversation.id, {}),
            participants=participants.get(each.conversation.id, ()),
        )
        for each in records
    ]


def _needs_variables(record: ConversationRecord) -> bool:
    template = record.template
    return record.session is not None and template is not None and "{$" in f"{template.title} {template.tabs}"


def _ranges(
    session: Session, wanted: ConversationFilter, now: datetime, reader: Reader
) -> list[list[ColumnElement[bool]]]:
    """What is wanted and seen, as ranges of the list; none where nothing can be found."""
    exact = {Conversation.page_id: wanted.page_id, Conversation.agent_id: wanted.agent_id}
    narrowing = {col(column): value for column, value in exact.items() if value is not None}
    unranged = [_in_window(wanted.window, now)] if wanted.window is not None else []
    if wanted.of_nobody:
        unranged.append(unindexed(col(Conversation.agent_id)).is_(None))
    statuses = list(dict.fromkeys(wanted.statuses))
    few = _few(session, wanted, now)
    if few is None:
        conditions = [*(column == value for column, value in narrowing.items()), *unranged]
        by_status = [[col(Conversation.status) == status] for status in statuses or _STATUSES]
        parts, others = _seen_parts(session, wanted, reader)
        of_parts = [[*conditions, *part, *status] for part in parts for status in by_status]
        return [*of_parts, *([*conditions, *_any_of(statuses), each] for each in others)]
    # The few are found by an index of theirs alone.
    conditions = [*(unindexed(column) == value for column, value in narrowing.items()), *unranged]
    if wanted.queue_id is not None:
        conditions.append(_belongs_to(wanted.queue_id))
    if not reader.sees_all:
        conditions.append(conversation_is_listed(reader, Conversation))
    return [[*conditions, *_any_of(statuses), each] for each in few]


Part = list[ColumnElement[bool]]


def _seen_parts(
    session: Session, wanted: ConversationFilter, reader: Reader
) -> tuple[list[Part], list[ColumnElement[bool]]]:
    """What a reader sees of what is wanted, in parts that an index has in order, and few more beside them."""
    queue = wanted.queue_id
    in_queue: list[Part] = [[]] if queue is None else _in_queue(queue)
    if reader.sees_all or (wanted.agent_id == reader.agent_id):
        return in_queue, []
    served_queues = set(session.scalars(queues_of(reader)))
    if queue is not None and queue in served_queues:
        return in_queue, []
    if wanted.page_id is not None or wanted.agent_id is not None or len(served_queues) > _MAX_QUEUE_RANGES:
        sifted = conversation_is_listed(reader, Conversation)
        return [[*([_belongs_to(queue)] if queue is not None else []), sifted]], []
    parts = [part for each in sorted(served_queues) for part in _in_queue(each)] if queue is None else []
    parts += [[col(Conversation.agent_id) == reader.agent_id, *part] for part in _unindexed_queue(queue)]
    is_live = unindexed(col(Conversation.status)) != Status.CLOSED.value
    beside = [
        col(Conversation.id).in_(joined(reader)),
        and_(is_live, col(Conversation.id).in_(served(reader))),
    ]
    return parts, [and_(each, *part) for each in beside for part in _unindexed_queue(queue)]


def _in_queue(queue_id: str) -> list[Part]:
    """The conversations of a queue; those in none belong to the default queue."""
    of, parts = col(Conversation.queue_id), list[Part]()
    parts.append([of == queue_id])
    if queue_id == DEFAULT_QUEUE_ID:
        parts.append([of.is_(None)])
    return parts


def _belongs_to(queue_id: str) -> ColumnElement[bool]:
    """The same as one condition, for what another index finds."""
    return func.coalesce(col(Conversation.queue_id), DEFAULT_QUEUE_ID) == queue_id


def _unindexed_queue(queue_id: str | None) -> list[Part]:
    return [[]] if queue_id is None else [[_belongs_to(queue_id)]]


def _any_of(statuses: Sequence[str]) -> Part:
    return [unindexed(col(Conversation.status)).in_(statuses)] if statuses else []


def _few(session: Session, wanted: ConversationFilter, now: datetime) -> list[ColumnElement[bool]] | None:
    """A condition that leaves few conversations, which may all be sorted; None where there is none.

    An empty list: nothing can be found.
    """
    if wanted.text is not None:
        return _mentioning(session, wanted)
    if wanted.customer_id is not None:
        return [col(Conversation.customer_id) == wanted.customer_id]
    if wanted.window is WindowFilter.CLOSING_SOON:
        return [among(session, col(Conversation.customer_id), _closing_soon(now))]
    end = _ENDS.get(wanted.window) if wanted.window is not None else None
    if end is not None:
        threads = select(col(Thread.customer_id)).where(end > now)
        if len(session.scalars(threads.limit(_FEW)).all()) < _FEW:
            return [among(session, col(Conversation.customer_id), threads)]
    return None


def _mentioning(session: Session, wanted: ConversationFilter) -> list[ColumnElement[bool]]:
    """Conversations in which the text was said, or whose customer is called so."""
    place = {"page_id": wanted.page_id, "customer_id": wanted.customer_id}
    said = search_texts.found(session, Kind.MESSAGE, wanted.text or "", **place)
    called = search_texts.found(session, Kind.NAME, wanted.text or "", **place)
    if said is None or called is None:
        return []
    of_messages = select(col(Message.conversation_id)).where(among(session, col(Message.id), said))
    either = [
        among(session, col(Conversation.id), of_messages),
        among(session, col(Conversation.customer_id), called),
    ]
    if wanted.customer_id is None:
        return either
    return [and_(each, col(Conversation.customer_id) == wanted.customer_id) for each in either]


def _in_window(wanted: WindowFilter, now: datetime) -> ColumnElement[bool]:
    """`Window.stage_at` as SQL: ends are exclusive."""
    standard = func.coalesce(col(Thread.standard_until) > now, False)
    human_agent = func.coalesce(col(Thread.human_agent_until) > now, False)
    stages: dict[str, ColumnElement[bool]] = {
        Stage.STANDARD: standard,
        Stage.HUMAN_AGENT: and_(~standard, human_agent),
        Stage.CLOSED: and_(~standard, ~human_agent),
    }
    soon = now + CLOSING_SOON
    stages[WindowFilter.CLOSING_SOON] = or_(
        and_(standard, col(Thread.standard_until) <= soon),
        and_(stages[Stage.HUMAN_AGENT], col(Thread.human_agent_until) <= soon),
    )
    # Asked of each conversation in turn: joined, SQLite would begin with the threads, and sort.
    return exists().where(col(Thread.customer_id) == col(Conversation.customer_id), stages[wanted.value])


def _closing_soon(now: datetime) -> CompoundSelect[Any]:
    """The customers whose threads have an end within the hour, whether or not it ends a stage."""
    soon = now + CLOSING_SOON
    return union(
        *(
            select(col(Thread.customer_id)).where(end > now, end <= soon)
            for end in (col(Thread.standard_until), col(Thread.human_agent_until))
        )
    )
