"""Reading conversations, with their customer, window and session."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import defer
from sqlmodel import Session, col

from domain.conversations.lifecycle import Status
from domain.workstreams.automated_texts import placeholder_names
from domain.workstreams.conversation_settings import ConversationSettings
from store.access.visibility import Reader, conversation_is_seen
from store.conversations.list_filters import ConversationFilter, Place, Sort, ids_listed
from store.conversations.participants import participants_of
from store.conversations.projection import window_of_thread
from store.db.ranges import Span
from store.tables import (
    Agent,
    AgentSession,
    Conversation,
    Customer,
    Page,
    Participant,
    Queue,
    SessionTemplate,
    Thread,
    Workstream,
)
from store.workstreams import context_variables as context

LIVE_STATUSES = tuple(status.value for status in Status if status is not Status.CLOSED)
_SHARED = frozenset({Status.ACTIVE.value, Status.WAITING.value, Status.WRAP_UP.value})
"""In these somebody may take part beside the agent."""


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
    session: Session,
    wanted: ConversationFilter,
    span: Span[Place],
    *,
    now: datetime,
    reader: Reader,
    sort: Sort = Sort.ACTIVITY,
) -> list[ConversationRecord]:
    """A part of the list: of what this reader sees for its own sake."""
    statement = ids_listed(session, wanted, span, now=now, reader=reader, sort=sort)
    if statement is None:
        return []
    ids = session.scalars(statement).all()
    found = _read(session, _records().where(col(Conversation.id).in_(ids)))
    return sorted(found, key=lambda record: ids.index(record.conversation.id))


def count_listed(
    session: Session, wanted: ConversationFilter, *, now: datetime, reader: Reader, limit: int
) -> int:
    """How many conversations `listed` would show, at most `limit`."""
    span: Span[Place] = Span(limit, newest_first=True)
    statement = ids_listed(session, wanted, span, now=now, reader=reader, sort=Sort.ACTIVITY)
    if statement is None:
        return 0
    return session.scalar(select(func.count()).select_from(statement.subquery())) or 0


def place_of(record: ConversationRecord, sort: Sort, now: datetime) -> Place:
    """Where a conversation stands in the list that was read at this instant."""
    match sort:
        case Sort.ACTIVITY:
            at = record.activity_at
        case Sort.OWED:
            at = record.conversation.owed_since or now
        case Sort.DEADLINE:
            at = window_of_thread(record.thread).next_change_after(now) or now
    return at, record.conversation.id


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
