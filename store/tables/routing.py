"""Work as it is shared out: what waits, what agents have, who is there, and a log of it.

Lock order: thread, conversation, work item, agents by id, slots.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from store.tables.columns import AUDIT, BIG, JSON_TYPE, RESERVED, index_where, instant, json_column
from store.tables.erasure_policy import Deleted, Harmless

_LIVE = text("state <> 'released'")
_ONE = text("state <> 'released' AND (state <> 'claimed' OR kind <> 'transfer')")
_CLAIMED = text("state = 'claimed'")
_WAITING = text("state = 'waiting'")
_WAITING_AGAIN = text("state = 'waiting' AND returns > 0")


class AgentState(SQLModel, table=True):
    """What an agent has in use and whether they are there.

    `used_units` and `sessions` are the sums of the agent's live slots, written anew with each of them and
    never counted. `chosen_presence` is the agent's own choice; `presence_mark` is `missed` or `declined`
    after such an offer; `presence` follows from all of it. `leased_until`: a client without a stream is there
    until then. `absence`: how far that since `absent_since` is dealt with (`store.routing.presence`). Its row
    is the lock for everything that takes or gives a slot of this agent.
    """

    __tablename__ = "agent_state"
    __table_args__ = (
        index_where("ix_agent_state_leased", "leased_until", given="leased_until"),
        index_where("ix_agent_state_absence", "absence", given="absence"),
    )

    agent_id: Harmless[str] = Field(primary_key=True, foreign_key="agent.id")
    limit_units: Harmless[int] = 5
    used_units: Harmless[int] = 0
    sessions: Harmless[int] = 0
    connected: Harmless[bool] = False
    absent_since: Harmless[datetime | None] = instant(nullable=True)
    chosen_presence: Harmless[str | None] = None
    presence_text: Harmless[str | None] = None
    presence_mark: Harmless[str | None] = None
    presence: Harmless[str] = "offline"
    freed_at: Harmless[datetime] = instant()
    leased_until: Harmless[datetime | None] = instant(nullable=True)
    absence: Harmless[str | None] = None
    changed_at: Harmless[datetime] = instant()


class Demand(SQLModel, table=True):
    """What a work item asks for. Equal demands share a row; `id` is a hash of the rest."""

    id: Harmless[str] = Field(primary_key=True)
    queue_id: Harmless[str] = Field(foreign_key="queue.id", index=True)
    workstream_id: Harmless[str] = Field(foreign_key="workstream.id", index=True)
    skills: Harmless[dict[str, int]] = json_column(dict)
    skill_matching: Harmless[str] = "none"
    units: Harmless[int] = 1
    capacity_profiles: Harmless[list[str]] = json_column(list)


class WorkItem(SQLModel, table=True):
    """An Open conversation in a queue. A projection, but for `state`, which claims change.

    `stay` numbers the times that this conversation was in a queue. `state`: `entering` (counted against the
    queue's limit, not yet projected), `waiting`, `listed` (of a pick workstream: nobody is offered it),
    `claimed`, `parked` (nobody is left who may be asked). One that is `entering` is there before its
    conversation's row. `age_at`: the message that opened this stay; it
    stays over declines, and further messages do not move it. `returns`: how often it came back unaccepted.
    `wishes`: for how many agents it is meant first; until `reserved_until` nobody else is offered it.
    """

    __tablename__ = "work_item"
    __table_args__ = (
        Index(
            "ix_work_item_demand",
            "demand_id",
            text("(-priority)"),
            "age_at",
            "conversation_id",
            sqlite_where=_WAITING,
            postgresql_where=_WAITING,
        ),
        Index("ix_work_item_queue", "queue_id", "age_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index(
            "ix_work_item_returned",
            "queue_id",
            "age_at",
            sqlite_where=_WAITING_AGAIN,
            postgresql_where=_WAITING_AGAIN,
        ),
        Index("ix_work_item_state", "queue_id", "state"),
    )

    conversation_id: Deleted[str] = Field(primary_key=True)
    stay: Deleted[int]
    queue_id: Deleted[str] = Field(foreign_key="queue.id")
    demand_id: Deleted[str | None] = Field(default=None, foreign_key="demand.id")
    state: Deleted[str]
    priority: Deleted[int] = 0
    age_at: Deleted[datetime] = instant()
    returns: Deleted[int] = 0
    wishes: Deleted[int] = 0
    reserved_until: Deleted[datetime | None] = instant(nullable=True)
    written_at: Deleted[datetime | None] = instant(nullable=True)


class WorkItemReturn(SQLModel, table=True):
    """How often an agent was offered a work item and did not take it."""

    __tablename__ = "work_item_return"

    conversation_id: Deleted[str] = Field(primary_key=True, foreign_key="work_item.conversation_id")
    agent_id: Deleted[str] = Field(primary_key=True)
    count: Deleted[int]


class WorkItemWish(SQLModel, table=True):
    """Who a work item is for first: the former agent (`affinity`) or one whom the customer prefers."""

    __tablename__ = "work_item_wish"
    __table_args__ = (Index("ix_work_item_wish_agent", "agent_id"),)

    conversation_id: Deleted[str] = Field(primary_key=True, foreign_key="work_item.conversation_id")
    agent_id: Deleted[str] = Field(primary_key=True)
    rank: Deleted[int]
    kind: Deleted[str]


class PreferredAgent(SQLModel, table=True):
    """Who a customer is best served by. Set on the customer by people; the smallest rank first."""

    __tablename__ = "preferred_agent"

    customer_id: Deleted[str] = Field(primary_key=True, foreign_key="customer.id")
    agent_id: Deleted[str] = Field(primary_key=True, foreign_key="agent.id", index=True)
    rank: Deleted[int] = 0


class Slot(SQLModel, table=True):
    """An agent's capacity held for one conversation. `id` is the id of the offer, and of the session.

    `state`: `claimed` (taken by the dispatcher or a pick, the workflow has not confirmed it), `held`,
    `released`. `forced`: beyond the agent's capacity by right. `kind`: what it came from: `offer`, `pick`,
    `assign`, `transfer`, `start`. `valid_until`: when a claim that nobody confirms lapses. A conversation has
    one live slot; beside it capacity of another agent may be claimed to whom it is to be transferred.
    """

    __table_args__ = (
        Index("uq_slot_live", "conversation_id", unique=True, sqlite_where=_ONE, postgresql_where=_ONE),
        Index("ix_slot_agent", "agent_id", sqlite_where=_LIVE, postgresql_where=_LIVE),
        Index("ix_slot_claimed", "claimed_at", sqlite_where=_CLAIMED, postgresql_where=_CLAIMED),
        Index("ix_slot_released", "released_at"),
    )

    id: Deleted[str] = Field(primary_key=True)
    conversation_id: Deleted[str] = Field(foreign_key="conversation.id", index=True)
    stay: Deleted[int]
    queue_id: Deleted[str | None] = None
    agent_id: Deleted[str] = Field(foreign_key="agent.id", index=True)
    units: Deleted[int]
    capacity_profiles: Deleted[list[str]] = json_column(list)
    state: Deleted[str]
    forced: Deleted[bool] = Field(default=False, description=f"{AUDIT}its event tells it too")
    kind: Deleted[str]
    claimed_at: Deleted[datetime] = instant()
    valid_until: Deleted[datetime | None] = instant(nullable=True)
    released_at: Deleted[datetime | None] = instant(nullable=True)


class DispatchMark(SQLModel, table=True):
    """Something to look at again: `item`, `agent`, `queue`, `claim` or `all`. Appended, deleted by its id."""

    __tablename__ = "dispatch_mark"
    __table_args__ = (Index("ix_dispatch_mark_shard", "shard", "id"), {"sqlite_autoincrement": True})

    id: Harmless[int | None] = Field(default=None, sa_type=BIG, primary_key=True)
    shard: Harmless[int] = Field(default=0, description=f"{RESERVED}which dispatcher; there is one")
    kind: Harmless[str]
    key: Harmless[str]


class DispatchShard(SQLModel, table=True):
    """Which dispatcher looks after a part of the queues, and until when by the time that all share."""

    __tablename__ = "dispatch_shard"

    shard: Harmless[int] = Field(primary_key=True)
    owner: Harmless[str | None] = None
    owned_until: Harmless[datetime | None] = instant(nullable=True)


class ProcessLease(SQLModel, table=True):
    """An API process that holds event streams, until this instant of the time that all processes share."""

    __tablename__ = "process_lease"

    id: Harmless[str] = Field(primary_key=True)
    present_until: Harmless[datetime] = instant()


class AgentConnection(SQLModel, table=True):
    """An open event stream that makes its agent connected."""

    __tablename__ = "agent_connection"

    stream_id: Harmless[str] = Field(primary_key=True)
    agent_id: Harmless[str] = Field(foreign_key="agent.id", index=True)
    process_id: Harmless[str] = Field(index=True)
    opened_at: Harmless[datetime] = instant(description=f"{AUDIT}since when the stream is open")


class QueueStay(SQLModel, table=True):
    """One time of a conversation in a queue, for metrics and for "why". `end`: what ended it.

    `wait_in_hours_seconds`: of one that was accepted, in the hours that its queue had then; None: all of it.
    """

    __tablename__ = "queue_stay"
    __table_args__ = (Index("ix_queue_stay_queue_entered", "queue_id", "entered_at"),)

    conversation_id: Deleted[str] = Field(primary_key=True, foreign_key="conversation.id")
    stay: Deleted[int] = Field(primary_key=True)
    queue_id: Deleted[str]
    workstream_id: Deleted[str | None] = None
    priority: Deleted[int] = 0
    reason: Deleted[str]
    entered_at: Deleted[datetime] = instant(index=True)
    ended_at: Deleted[datetime | None] = instant(nullable=True)
    accepted_at: Deleted[datetime | None] = instant(nullable=True)
    agent_id: Deleted[str | None] = None
    end: Deleted[str | None] = None
    wait_in_hours_seconds: Deleted[float | None] = None
    diagnosis: Deleted[dict[str, Any] | None] = Field(
        default=None,
        sa_type=JSON_TYPE,
        nullable=True,
        description="ids of the rules that were tried and their outcomes, never values",
    )


class PresenceChange(SQLModel, table=True):
    """What presence an agent had, and from when to when."""

    __tablename__ = "presence_change"
    __table_args__ = (Index("ix_presence_change_agent", "agent_id", "at"),)

    id: Harmless[int | None] = Field(default=None, sa_type=BIG, primary_key=True)
    agent_id: Harmless[str] = Field(foreign_key="agent.id")
    at: Harmless[datetime] = instant(index=True)
    until: Harmless[datetime | None] = instant(nullable=True, index=True)
    presence: Harmless[str]
    reason: Harmless[str]
    limit_units: Harmless[int] = 0
