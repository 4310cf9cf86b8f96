"""What waits in queues, what agents have and whether they are there, and a log of both."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def _json() -> sa.JSON:
    return sa.JSON().with_variant(JSONB(), "postgresql")


def _instant() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "agent_state",
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("limit_units", sa.Integer(), nullable=False),
        sa.Column("used_units", sa.Integer(), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("connected", sa.Boolean(), nullable=False),
        sa.Column("absent_since", _instant(), nullable=True),
        sa.Column("chosen_presence", sa.String(), nullable=True),
        sa.Column("presence_text", sa.String(), nullable=True),
        sa.Column("presence_mark", sa.String(), nullable=True),
        sa.Column("presence", sa.String(), nullable=False),
        sa.Column("freed_at", _instant(), nullable=False),
        sa.Column("leased_until", _instant(), nullable=True),
        sa.Column("changed_at", _instant(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_agent_state_agent_id")),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("pk_agent_state")),
    )
    op.create_table(
        "demand",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("queue_id", sa.String(), nullable=False),
        sa.Column("workstream_id", sa.String(), nullable=False),
        sa.Column("skills", _json(), nullable=False),
        sa.Column("skill_matching", sa.String(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("capacity_profiles", _json(), nullable=False),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name=op.f("fk_demand_queue_id")),
        sa.ForeignKeyConstraint(["workstream_id"], ["workstream.id"], name=op.f("fk_demand_workstream_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demand")),
    )
    op.create_index(op.f("ix_demand_queue_id"), "demand", ["queue_id"])
    op.create_index(op.f("ix_demand_workstream_id"), "demand", ["workstream_id"])
    op.create_table(
        "work_item",
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("stay", sa.Integer(), nullable=False),
        sa.Column("queue_id", sa.String(), nullable=False),
        sa.Column("demand_id", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("age_at", _instant(), nullable=False),
        sa.Column("returns", sa.Integer(), nullable=False),
        sa.Column("wishes", sa.Integer(), nullable=False),
        sa.Column("reserved_until", _instant(), nullable=True),
        sa.Column("written_at", _instant(), nullable=True),
        sa.ForeignKeyConstraint(["demand_id"], ["demand.id"], name=op.f("fk_work_item_demand_id")),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name=op.f("fk_work_item_queue_id")),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_work_item")),
    )
    op.create_index(
        "ix_work_item_demand",
        "work_item",
        ["demand_id", sa.text("(-priority)"), "age_at", "conversation_id"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_work_item_queue",
        "work_item",
        ["queue_id", "age_at"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_work_item_returned",
        "work_item",
        ["queue_id", "age_at"],
        sqlite_where=sa.text("state = 'waiting' AND returns > 0"),
        postgresql_where=sa.text("state = 'waiting' AND returns > 0"),
    )
    op.create_index("ix_work_item_state", "work_item", ["queue_id", "state"])
    op.create_table(
        "work_item_return",
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["work_item.conversation_id"],
            name=op.f("fk_work_item_return_conversation_id"),
        ),
        sa.PrimaryKeyConstraint("conversation_id", "agent_id", name=op.f("pk_work_item_return")),
    )
    op.create_table(
        "work_item_wish",
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["work_item.conversation_id"], name=op.f("fk_work_item_wish_conversation_id")
        ),
        sa.PrimaryKeyConstraint("conversation_id", "agent_id", name=op.f("pk_work_item_wish")),
    )
    op.create_index("ix_work_item_wish_agent", "work_item_wish", ["agent_id"])
    op.create_table(
        "slot",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("stay", sa.Integer(), nullable=False),
        sa.Column("queue_id", sa.String(), nullable=True),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("capacity_profiles", _json(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("forced", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("claimed_at", _instant(), nullable=False),
        sa.Column("valid_until", _instant(), nullable=True),
        sa.Column("released_at", _instant(), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_slot_agent_id")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_slot_conversation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot")),
    )
    op.create_index(
        "ix_slot_agent",
        "slot",
        ["agent_id"],
        sqlite_where=sa.text("state <> 'released'"),
        postgresql_where=sa.text("state <> 'released'"),
    )
    op.create_index(op.f("ix_slot_agent_id"), "slot", ["agent_id"])
    op.create_index(
        "ix_slot_claimed",
        "slot",
        ["claimed_at"],
        sqlite_where=sa.text("state = 'claimed'"),
        postgresql_where=sa.text("state = 'claimed'"),
    )
    op.create_index(op.f("ix_slot_conversation_id"), "slot", ["conversation_id"])
    op.create_index(
        "uq_slot_live",
        "slot",
        ["conversation_id"],
        unique=True,
        sqlite_where=sa.text("state <> 'released'"),
        postgresql_where=sa.text("state <> 'released'"),
    )
    op.create_table(
        "dispatch_mark",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch_mark")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_dispatch_mark_shard", "dispatch_mark", ["shard", "id"])
    op.create_table(
        "dispatch_shard",
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("owned_until", _instant(), nullable=True),
        sa.PrimaryKeyConstraint("shard", name=op.f("pk_dispatch_shard")),
    )
    op.create_table(
        "process_lease",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("present_until", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_lease")),
    )
    op.create_table(
        "agent_connection",
        sa.Column("stream_id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("process_id", sa.String(), nullable=False),
        sa.Column("opened_at", _instant(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_agent_connection_agent_id")),
        sa.PrimaryKeyConstraint("stream_id", name=op.f("pk_agent_connection")),
    )
    op.create_index(op.f("ix_agent_connection_agent_id"), "agent_connection", ["agent_id"])
    op.create_index(op.f("ix_agent_connection_process_id"), "agent_connection", ["process_id"])
    op.create_table(
        "queue_stay",
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("stay", sa.Integer(), nullable=False),
        sa.Column("queue_id", sa.String(), nullable=False),
        sa.Column("workstream_id", sa.String(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("entered_at", _instant(), nullable=False),
        sa.Column("ended_at", _instant(), nullable=True),
        sa.Column("accepted_at", _instant(), nullable=True),
        sa.Column("agent_id", sa.String(), nullable=True),
        sa.Column("end", sa.String(), nullable=True),
        sa.Column("wait_in_hours_seconds", sa.Integer(), nullable=True),
        sa.Column("diagnosis", _json(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_queue_stay_conversation_id")
        ),
        sa.PrimaryKeyConstraint("conversation_id", "stay", name=op.f("pk_queue_stay")),
    )
    op.create_index(op.f("ix_queue_stay_entered_at"), "queue_stay", ["entered_at"])
    op.create_index("ix_queue_stay_queue_entered", "queue_stay", ["queue_id", "entered_at"])
    op.create_table(
        "presence_change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("at", _instant(), nullable=False),
        sa.Column("until", _instant(), nullable=True),
        sa.Column("presence", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("limit_units", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_presence_change_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_presence_change")),
    )
    op.create_index("ix_presence_change_agent", "presence_change", ["agent_id", "at"])
    op.create_index(op.f("ix_presence_change_at"), "presence_change", ["at"])
    op.create_table(
        "conversation_participant",
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("joined_at", _instant(), nullable=False),
        sa.Column("left_at", _instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.id"], name=op.f("fk_conversation_participant_agent_id")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_conversation_participant_conversation_id")
        ),
        sa.PrimaryKeyConstraint("conversation_id", "agent_id", name=op.f("pk_conversation_participant")),
    )
    op.create_index(op.f("ix_conversation_participant_agent_id"), "conversation_participant", ["agent_id"])
    op.add_column("conversation", sa.Column("stay", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("conversation", sa.Column("offer_expires_at", _instant(), nullable=True))
    op.add_column("conversation", sa.Column("accepted_at", _instant(), nullable=True))
    op.add_column("conversation", sa.Column("disposition_code_id", sa.String(), nullable=True))
    op.add_column("conversation_session", sa.Column("accepted_at", _instant(), nullable=True))
    op.execute(
        "INSERT INTO agent_state (agent_id, limit_units, used_units, sessions, connected, presence, "
        "freed_at, changed_at) SELECT id, 5, 0, 0, false, 'offline', created_at, created_at FROM agent "
        "WHERE role IN ('agent', 'supervisor')"
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_column("conversation_session", "accepted_at")
    op.drop_column("conversation", "disposition_code_id")
    op.drop_column("conversation", "accepted_at")
    op.drop_column("conversation", "offer_expires_at")
    op.drop_column("conversation", "stay")
    op.drop_table("conversation_participant")
    op.drop_table("presence_change")
    op.drop_table("queue_stay")
    op.drop_table("agent_connection")
    op.drop_table("process_lease")
    op.drop_table("dispatch_shard")
    op.drop_table("dispatch_mark")
    op.drop_table("slot")
    op.drop_table("work_item_wish")
    op.drop_table("work_item_return")
    op.drop_table("work_item")
    op.drop_table("demand")
    op.drop_table("agent_state")
