"""Which conversations a list is made of, and in which order, as SQL: each order is read from an index."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    exists,
    false,
    func,
    or_,
    select,
    true,
    union,
)
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col

from domain.conversations.lifecycle import Status
from domain.routing.demand import DEFAULT_QUEUE_ID
from domain.sending.window import Stage
from store.access.visibility import Reader, conversation_is_listed, joined, queues_of, served
from store.db.ranges import Span, cut, merged, unindexed
from store.db.sql import among
from store.search import texts as search_texts
from store.search.texts import Kind
from store.tables import Conversation, Message, Page, Thread, Workstream

Place = tuple[datetime, str]

_STATUSES = [status.value for status in Status]
_ACTIVITY = func.coalesce(col(Conversation.last_message_at), col(Conversation.opened_at))


class Sort(StrEnum):
    """What a list of conversations is sorted by."""

    ACTIVITY = "activity"
    """The newest activity first."""
    OWED = "owed"
    """What is owed an answer, the longest first; nothing else is in the list."""
    DEADLINE = "deadline"
    """What is not closed and has an open window, the one whose stage ends next first; nothing else."""


class WindowFilter(StrEnum):
    """Which windows are asked for.

    CLOSING_SOON: the stage ends within the `window_warning_minutes` of the page's workstream, within which
    the agent who owes an answer is warned.
    """

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
class ConversationFilter:
    """What a list is narrowed to; unset fields do not narrow.

    `of_nobody`: no agent has it. `text`: words that were said, or a name. `owed`: whether an answer is owed.
    `closed_since`: it has closed at this instant or later.
    """

    statuses: Sequence[str] = field(default_factory=tuple)
    page_id: str | None = None
    customer_id: str | None = None
    agent_id: str | None = None
    of_nobody: bool = False
    queue_id: str | None = None
    window: WindowFilter | None = None
    text: str | None = None
    owed: bool | None = None
    closed_since: datetime | None = None


def ids_listed(
    session: Session,
    wanted: ConversationFilter,
    span: Span[Place],
    *,
    now: datetime,
    reader: Reader,
    sort: Sort,
) -> Select[Any] | None:
    """What finds the ids of a part of a list, in order; None where nothing can be found."""
    if sort is Sort.DEADLINE:
        return _by_deadline(session, wanted, span, now, reader)
    ranges = _ranges(session, wanted, now, reader) if sort is Sort.ACTIVITY else None
    if ranges is None:
        ranges = [
            [col(Conversation.owed_since).is_not(None), *each]
            for each in _unranged(session, wanted, now, reader)
        ]
    key = (_ACTIVITY if sort is Sort.ACTIVITY else col(Conversation.owed_since), col(Conversation.id))
    return merged(ranges, key, span) if ranges else None


def _by_deadline(
    session: Session, wanted: ConversationFilter, span: Span[Place], now: datetime, reader: Reader
) -> Select[Any] | None:
    """Each stage is read by its own end, in order from its index, with what is live of its thread."""
    conditions = _unranged(session, wanted, now, reader)
    live = col(Conversation.status) != Status.CLOSED.value
    of_thread = col(Thread.customer_id) == col(Conversation.customer_id)
    standard, human_agent = col(Thread.standard_until), col(Thread.human_agent_until)
    parts = [
        cut(
            select(end.label("at"), col(Conversation.id).label("id")).where(
                of_thread, live, end > now, *beside, *each
            ),
            (end, col(Conversation.id)),
            span,
        ).subquery()
        for each in conditions
        for end, beside in ((standard, []), (human_agent, [func.coalesce(standard <= now, true())]))
    ]
    if not parts:
        return None
    found = union(*(select(part.c.at, part.c.id) for part in parts)).subquery()
    order = [each.desc() if span.newest_first else each for each in (found.c.at, found.c.id)]
    return select(found.c.id).order_by(*order).limit(span.limit)


def _ranges(
    session: Session, wanted: ConversationFilter, now: datetime, reader: Reader
) -> list[list[ColumnElement[bool]]]:
    """What is wanted and seen, as ranges of the list by activity; none where nothing can be found."""
    few = _few(session, wanted, now)
    if few is not None:
        return _sifted(session, wanted, now, reader, few)
    exact = {Conversation.page_id: wanted.page_id, Conversation.agent_id: wanted.agent_id}
    narrowing = [col(column) == value for column, value in exact.items() if value is not None]
    conditions = [*narrowing, *_unindexed_conditions(session, wanted, now)]
    statuses = list(dict.fromkeys(wanted.statuses))
    by_status = [[col(Conversation.status) == status] for status in statuses or _STATUSES]
    parts, others = _seen_parts(session, wanted, reader)
    of_parts = [[*conditions, *part, *status] for part in parts for status in by_status]
    return [*of_parts, *([*conditions, *_any_of(statuses), each] for each in others)]


def _unranged(
    session: Session, wanted: ConversationFilter, now: datetime, reader: Reader
) -> list[list[ColumnElement[bool]]]:
    """What is wanted and seen, for a list that an index of its own has in order, or that finds few."""
    few = _few(session, wanted, now)
    return _sifted(session, wanted, now, reader, [true()] if few is None else few)


def _sifted(
    session: Session,
    wanted: ConversationFilter,
    now: datetime,
    reader: Reader,
    few: Sequence[ColumnElement[bool]],
) -> list[list[ColumnElement[bool]]]:
    """Each of `few` is found by an index of its own; of what it finds all else is asked."""
    exact = {Conversation.page_id: wanted.page_id, Conversation.agent_id: wanted.agent_id}
    conditions = [unindexed(col(column)) == value for column, value in exact.items() if value is not None]
    conditions += _unindexed_conditions(session, wanted, now)
    if wanted.queue_id is not None:
        conditions.append(_belongs_to(wanted.queue_id))
    if not reader.sees_all:
        conditions.append(conversation_is_listed(reader, Conversation))
    return [[*conditions, *_any_of(list(dict.fromkeys(wanted.statuses))), each] for each in few]


def _unindexed_conditions(
    session: Session, wanted: ConversationFilter, now: datetime
) -> list[ColumnElement[bool]]:
    """What each conversation is asked that an index has found."""
    conditions = [_in_window(session, wanted.window, now)] if wanted.window is not None else []
    if wanted.of_nobody:
        conditions.append(unindexed(col(Conversation.agent_id)).is_(None))
    if wanted.owed is not None:
        is_owed = col(Conversation.owed_since).is_not(None)
        conditions.append(is_owed if wanted.owed else ~is_owed)
    if wanted.closed_since is not None:
        conditions.append(col(Conversation.closed_at) >= wanted.closed_since)
    return conditions


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
    if wanted.owed:
        return [col(Conversation.owed_since).is_not(None)]
    return _few_by_time(session, wanted, now)


def _few_by_time(
    session: Session, wanted: ConversationFilter, now: datetime
) -> list[ColumnElement[bool]] | None:
    if wanted.window is WindowFilter.CLOSING_SOON:
        return [among(session, col(Conversation.customer_id), _closing_soon(session, now))]
    if wanted.closed_since is not None:
        closed = select(col(Conversation.id)).where(col(Conversation.closed_at) >= wanted.closed_since)
        if len(session.scalars(closed.limit(_FEW)).all()) < _FEW:
            return [among(session, col(Conversation.id), closed)]
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


def _in_window(session: Session, wanted: WindowFilter, now: datetime) -> ColumnElement[bool]:
    """`Window.stage_at` as SQL: ends are exclusive."""
    standard = func.coalesce(col(Thread.standard_until) > now, False)
    human_agent = func.coalesce(col(Thread.human_agent_until) > now, False)
    stages: dict[str, ColumnElement[bool]] = {
        Stage.STANDARD: standard,
        Stage.HUMAN_AGENT: and_(~standard, human_agent),
        Stage.CLOSED: and_(~standard, ~human_agent),
    }
    if wanted is WindowFilter.CLOSING_SOON:
        condition = or_(
            and_(standard, _ends_soon(session, col(Thread.standard_until), now)),
            and_(stages[Stage.HUMAN_AGENT], _ends_soon(session, col(Thread.human_agent_until), now)),
        )
    else:
        condition = stages[wanted.value]
    # Asked of each conversation in turn: joined, SQLite would begin with the threads, and sort.
    of_conversation = col(Thread.customer_id) == col(Conversation.customer_id)
    return exists().where(of_conversation, condition).correlate(Conversation)


def _closing_soon(session: Session, now: datetime) -> CompoundSelect[Any]:
    """The customers whose threads have an end soon, whether or not it ends a stage."""
    return union(
        *(
            select(col(Thread.customer_id)).where(end > now, _ends_soon(session, end, now))
            for end in (col(Thread.standard_until), col(Thread.human_agent_until))
        )
    )


def _ends_soon(session: Session, end: Mapped[datetime | None], now: datetime) -> ColumnElement[bool]:
    """Whether an end of the window is so near that who owes an answer is warned, by the page's workstream."""
    warnings = session.scalars(select(col(Workstream.window_warning_seconds)).distinct()).all()
    longest = max(warnings, default=0)
    within = [(seconds, end <= now + timedelta(seconds=seconds)) for seconds in sorted(warnings)]
    if len(within) == 1:
        return within[0][1]
    pages = select(col(Page.page_id)).join(Workstream, col(Workstream.id) == col(Page.workstream_id))
    of_each = [
        and_(is_soon, col(Thread.page_id).in_(pages.where(col(Workstream.window_warning_seconds) == seconds)))
        for seconds, is_soon in within
    ]
    # The longest of them is the bound by which an index finds what may be meant.
    return and_(end <= now + timedelta(seconds=longest), or_(false(), *of_each))
