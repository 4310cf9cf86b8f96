"""Reading conversations, with their customer, window and session, in one statement per page of a list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, tuple_
from sqlmodel import Session, col

from domain.automated_texts import placeholder_names
from domain.lifecycle import Status
from domain.settings import LiveSettings
from domain.window import Stage
from store import context
from store.tables import Agent, Conversation, Customer, Message, Page, SessionTemplate, Thread, Workstream
from store.tables import Session as AgentSession

LIVE_STATUSES = tuple(status.value for status in Status if status is not Status.CLOSED)
CLOSING_SOON = timedelta(hours=1)

# Sorts what Pagedesk itself wrote after what the customer wrote in the same instant.
_NO_SEQ = 2**31 - 1


class WindowFilter(StrEnum):
    """Which windows are asked for. CLOSING_SOON: the stage changes within the hour."""

    STANDARD = "standard"
    HUMAN_AGENT = "human_agent"
    CLOSED = "closed"
    CLOSING_SOON = "closing_soon"


@dataclass(frozen=True, slots=True)
class ConversationRecord:
    """A conversation's row with those that it is shown with.

    `names` and `variables` fill the placeholders of its workstream's session template; `variables` are read
    only where that mentions some.
    """

    conversation: Conversation
    customer: Customer
    thread: Thread
    session: AgentSession | None
    template: SessionTemplate | None
    names: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def activity_at(self) -> datetime:
        """When something last happened in it; lists are sorted by this."""
        return self.conversation.last_message_at or self.conversation.opened_at


@dataclass(frozen=True, slots=True)
class ConversationFilter:
    """What a list is narrowed to; unset fields do not narrow."""

    statuses: Sequence[str] = field(default_factory=tuple)
    page_id: str | None = None
    customer_id: str | None = None
    agent_id: str | None = None
    queue_id: str | None = None
    window: WindowFilter | None = None
    text: str | None = None


def find(session: Session, conversation_id: str) -> ConversationRecord | None:
    """One conversation."""
    found = _read(session, _records().where(col(Conversation.id) == conversation_id))
    return found[0] if found else None


def search(
    session: Session,
    wanted: ConversationFilter,
    *,
    now: datetime,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[ConversationRecord]:
    """Conversations by newest activity, from the position `after` on."""
    key = (
        func.coalesce(col(Conversation.last_message_at), col(Conversation.opened_at)),
        col(Conversation.id),
    )
    statement = _records().where(*_conditions(wanted, now))
    if after is not None:
        # SQLite finds the place in the index by the first condition alone.
        statement = statement.where(key[0] <= after[0], tuple_(*key) < _position(after, *key))
    statement = statement.order_by(*(each.desc() for each in key)).limit(limit)
    return _read(session, statement)


def messages_of(
    session: Session, conversation_id: str, *, after: tuple[datetime, int, str] | None, limit: int
) -> list[Message]:
    """A conversation's messages in Meta's time, then in order of arrival."""
    return _in_order(session, col(Message.conversation_id) == conversation_id, after=after, limit=limit)


def messages_of_thread(
    session: Session, customer_id: str, *, after: tuple[datetime, int, str] | None, limit: int
) -> list[Message]:
    """All messages of a customer's thread, those of no conversation too, as `messages_of` orders them."""
    return _in_order(session, col(Message.customer_id) == customer_id, after=after, limit=limit)


def _in_order(
    session: Session,
    which: ColumnElement[bool],
    *,
    after: tuple[datetime, int, str] | None,
    limit: int,
) -> list[Message]:
    key = (col(Message.occurred_at), func.coalesce(col(Message.thread_seq), _NO_SEQ), col(Message.id))
    statement = select(Message).where(which)
    if after is not None:
        statement = statement.where(tuple_(*key) > _position(after, *key))
    return list(session.scalars(statement.order_by(*key).limit(limit)))


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which of our own messages are asked for; unset fields do not narrow."""

    status: str | None = None
    page_id: str | None = None
    customer_id: str | None = None
    agent_id: str | None = None


def outbound_messages(
    session: Session, wanted: MessageFilter, *, after: tuple[datetime, str] | None, limit: int
) -> list[Message]:
    """Our own messages, by the instant they were written."""
    key = (col(Message.created_at), col(Message.id))
    exact = {
        Message.status: wanted.status,
        Message.page_id: wanted.page_id,
        Message.customer_id: wanted.customer_id,
        Message.agent_id: wanted.agent_id,
    }
    statement = select(Message).where(
        col(Message.direction) == "outbound",
        *(col(column) == value for column, value in exact.items() if value is not None),
    )
    if after is not None:
        statement = statement.where(tuple_(*key) > _position(after, *key))
    return list(session.scalars(statement.order_by(*key).limit(limit)))


def position_of(message: Message) -> tuple[datetime, int, str]:
    """Where a message stands in `messages_of`."""
    return message.occurred_at, _NO_SEQ if message.thread_seq is None else message.thread_seq, message.id


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


def may_live(conversation: Conversation, settings: LiveSettings, now: datetime) -> bool:
    """Whether a conversation lives, or has closed so lately that it may be reopened."""
    if conversation.status != Status.CLOSED:
        return True
    within = timedelta(seconds=settings.reopen_closed_within)
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
        )
        .join(Customer, col(Customer.id) == col(Conversation.customer_id))
        .join(Thread, col(Thread.customer_id) == col(Conversation.customer_id))
        # Outer joins alone let SQLite read a page's conversations in order from their index.
        .outerjoin(Page, col(Page.page_id) == col(Conversation.page_id))
        .outerjoin(Workstream, col(Workstream.id) == col(Page.workstream_id))
        .outerjoin(AgentSession, col(AgentSession.id) == col(Conversation.session_id))
        .outerjoin(Agent, col(Agent.id) == col(AgentSession.agent_id))
        .outerjoin(SessionTemplate, col(SessionTemplate.id) == col(Workstream.session_template_id))
    )


def _read(session: Session, statement: Select[*tuple[Any, ...]]) -> list[ConversationRecord]:
    records = [
        ConversationRecord(
            conversation, customer, thread, turn, template, placeholder_names(agent, customer.name, page)
        )
        for conversation, customer, thread, turn, template, agent, page in session.execute(statement)
    ]
    needing = [record.conversation.id for record in records if _needs_variables(record)]
    if not needing:
        return records
    variables = context.as_texts(session, needing)
    return [replace(each, variables=variables.get(each.conversation.id, {})) for each in records]


def _needs_variables(record: ConversationRecord) -> bool:
    template = record.template
    return record.session is not None and template is not None and "{$" in f"{template.title} {template.tabs}"


def _conditions(wanted: ConversationFilter, now: datetime) -> list[ColumnElement[bool]]:
    exact = {
        Conversation.page_id: wanted.page_id,
        Conversation.customer_id: wanted.customer_id,
        Conversation.agent_id: wanted.agent_id,
        Conversation.queue_id: wanted.queue_id,
    }
    conditions = [col(column) == value for column, value in exact.items() if value is not None]
    if wanted.statuses:
        conditions.append(col(Conversation.status).in_(wanted.statuses))
    if wanted.window is not None:
        conditions.append(_in_window(wanted.window, now))
    if wanted.text is not None:
        conditions.append(_mentions(wanted.text))
    return conditions


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
    if wanted is WindowFilter.CLOSING_SOON:
        return or_(
            and_(standard, col(Thread.standard_until) <= soon),
            and_(stages[Stage.HUMAN_AGENT], col(Thread.human_agent_until) <= soon),
        )
    return stages[wanted.value]


def _mentions(text: str) -> ColumnElement[bool]:
    """The customer's name or any message of the conversation holds the text."""
    return or_(
        col(Customer.name).icontains(text, autoescape=True),
        exists().where(
            col(Message.conversation_id) == col(Conversation.id),
            col(Message.text).icontains(text, autoescape=True),
        ),
    )


def _position(values: Sequence[Any], *columns: Any) -> Any:
    """The values typed as the columns they are compared with."""
    return tuple_(*values, types=[column.type for column in columns])
