"""What decides where work goes: queues with their members and hours, skills, capacity profiles, rules."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from store.tables.columns import JSON_TYPE, RESERVED, instant, json_column
from store.tables.erasure_policy import Harmless


class OperatingHours(SQLModel, table=True):
    """When a queue is served: weekly intervals in a time zone, and holidays.

    `weekly` has an object for each interval.
    """

    __tablename__ = "operating_hours"

    id: Harmless[str] = Field(primary_key=True)
    name: Harmless[str] = Field(unique=True)
    timezone: Harmless[str] = Field(description="a name of the IANA time zone database")
    weekly: Harmless[list[dict[str, Any]]] = json_column(list)
    created_at: Harmless[datetime] = instant()


class Holiday(SQLModel, table=True):
    """Days on which operating hours do not hold, in their time zone. `last_day` is included."""

    id: Harmless[str] = Field(primary_key=True)
    operating_hours_id: Harmless[str] = Field(foreign_key="operating_hours.id", index=True)
    name: Harmless[str]
    first_day: Harmless[date]
    last_day: Harmless[date]


class Queue(SQLModel, table=True):
    """Where conversations wait for its members.

    `priority`: the smaller goes first. `assignment`: the rules of the custom method. `overflow`: conditions
    and actions. `when_empty`: what becomes of a conversation whose
    queue has no members. The default queue has every agent and cannot be deleted.
    """

    id: Harmless[str] = Field(primary_key=True)
    name: Harmless[str] = Field(unique=True)
    priority: Harmless[int] = 100
    assignment_method: Harmless[str] = "highest_capacity"
    assignment: Harmless[dict[str, Any]] = json_column(dict)
    operating_hours_id: Harmless[str | None] = Field(
        default=None, foreign_key="operating_hours.id", index=True
    )
    overflow: Harmless[dict[str, Any]] = json_column(dict)
    decline_limit: Harmless[int] = Field(
        default=3, description="how often the same member is offered the same conversation"
    )
    when_empty: Harmless[str] = "keep"
    service_level_seconds: Harmless[int | None] = None
    short_abandon_seconds: Harmless[int | None] = None
    is_default: Harmless[bool] = False
    shard: Harmless[int] = Field(default=0, description=f"{RESERVED}which dispatcher; there is one")
    created_at: Harmless[datetime] = instant()


class QueueMember(SQLModel, table=True):
    """An agent who serves a queue.

    `presence`, `free_units` and `freed_at` are copies of the agent's row, written with it, for the indexes.
    `last_assigned_at`: when this queue last gave this member something, answered or not.
    """

    __tablename__ = "queue_member"
    __table_args__ = (
        Index("ix_queue_member_agent", "agent_id"),
        Index("ix_queue_member_free", "queue_id", "presence", text("(-free_units)"), "last_assigned_at"),
        Index(
            "ix_queue_member_turn",
            "queue_id",
            "presence",
            "last_assigned_at",
            sqlite_where=text("free_units > 0"),
            postgresql_where=text("free_units > 0"),
        ),
        Index(
            "ix_queue_member_freed",
            "queue_id",
            "presence",
            "freed_at",
            sqlite_where=text("free_units > 0"),
            postgresql_where=text("free_units > 0"),
        ),
    )

    queue_id: Harmless[str] = Field(primary_key=True, foreign_key="queue.id")
    agent_id: Harmless[str] = Field(primary_key=True, foreign_key="agent.id")
    presence: Harmless[str] = "offline"
    free_units: Harmless[int] = 0
    freed_at: Harmless[datetime] = instant()
    last_assigned_at: Harmless[datetime] = instant()


class Skill(SQLModel, table=True):
    """Something that an agent can do better or worse. Ratings go from 1 to `max_rating`."""

    id: Harmless[str] = Field(primary_key=True)
    name: Harmless[str] = Field(unique=True)
    description: Harmless[str | None] = None
    max_rating: Harmless[int] = 10
    created_at: Harmless[datetime] = instant()


class AgentSkill(SQLModel, table=True):
    """How well an agent has a skill."""

    __tablename__ = "agent_skill"

    agent_id: Harmless[str] = Field(primary_key=True, foreign_key="agent.id")
    skill_id: Harmless[str] = Field(primary_key=True, foreign_key="skill.id", index=True)
    rating: Harmless[int]


class CapacityProfile(SQLModel, table=True):
    """How many conversations of one kind an agent may have.

    `reset`: `immediate` gives the place back with the conversation, `end_of_day` when the day ends in
    `timezone`. `blocks`: whether somebody at the limit gets no work of any other kind either.
    """

    __tablename__ = "capacity_profile"

    id: Harmless[str] = Field(primary_key=True)
    name: Harmless[str] = Field(unique=True)
    default_limit: Harmless[int]
    reset: Harmless[str] = "immediate"
    timezone: Harmless[str] = "UTC"
    blocks: Harmless[bool] = False
    created_at: Harmless[datetime] = instant()


class AgentCapacityProfile(SQLModel, table=True):
    """An agent's own limit for a capacity profile; none: the profile's."""

    __tablename__ = "agent_capacity_profile"

    agent_id: Harmless[str] = Field(primary_key=True, foreign_key="agent.id")
    capacity_profile_id: Harmless[str] = Field(
        primary_key=True, foreign_key="capacity_profile.id", index=True
    )
    limit: Harmless[int | None] = None


class RuleSet(SQLModel, table=True):
    """Rules of a workstream, tried in the order of `position`.

    `kind`: `classification` finds out what a conversation needs, `route` finds its queue. A workstream has
    at most one rule set of the kind `route`.
    """

    __tablename__ = "rule_set"
    __table_args__ = (
        Index("ix_rule_set_workstream", "workstream_id", "kind", "position"),
        Index(
            "uq_rule_set_route",
            "workstream_id",
            unique=True,
            sqlite_where=text("kind = 'route'"),
            postgresql_where=text("kind = 'route'"),
        ),
    )

    id: Harmless[str] = Field(primary_key=True)
    workstream_id: Harmless[str] = Field(foreign_key="workstream.id")
    kind: Harmless[str]
    name: Harmless[str]
    position: Harmless[int] = 0
    active: Harmless[bool] = True
    created_at: Harmless[datetime] = instant()


class Rule(SQLModel, table=True):
    """One rule: conditions and outputs."""

    __table_args__ = (Index("ix_rule_set_position", "rule_set_id", "position"),)

    id: Harmless[str] = Field(primary_key=True)
    rule_set_id: Harmless[str] = Field(foreign_key="rule_set.id")
    name: Harmless[str]
    position: Harmless[int] = 0
    conditions: Harmless[dict[str, Any]] = json_column(dict)
    outputs: Harmless[dict[str, Any]] = json_column(dict)
    overflow: Harmless[dict[str, Any] | None] = Field(
        default=None,
        sa_type=JSON_TYPE,
        nullable=True,
        description="instead of the queue's overflow, where a route rule has its own",
    )
    active: Harmless[bool] = True
    created_at: Harmless[datetime] = instant()


class DispositionCode(SQLModel, table=True):
    """What an agent says a conversation was about when it ends. No workstream: of all workstreams."""

    __tablename__ = "disposition_code"

    id: Harmless[str] = Field(primary_key=True)
    workstream_id: Harmless[str | None] = Field(default=None, foreign_key="workstream.id", index=True)
    name: Harmless[str]
    active: Harmless[bool] = True
    created_at: Harmless[datetime] = instant()


class RoutingVersion(SQLModel, table=True):
    """One row: a number that every change of what this module holds raises."""

    __tablename__ = "routing_version"

    id: Harmless[int] = Field(default=1, primary_key=True)
    version: Harmless[int] = 0
