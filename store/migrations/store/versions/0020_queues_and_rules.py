"""Queues with members and hours, skills, capacity profiles, rules; how workstreams share work out."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def _json() -> sa.JSON:
    return sa.JSON().with_variant(JSONB(), "postgresql")


def _instant() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "operating_hours",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("weekly", _json(), nullable=False),
        sa.Column("created_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operating_hours")),
        sa.UniqueConstraint("name", name=op.f("uq_operating_hours_name")),
    )
    op.create_table(
        "holiday",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("operating_hours_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["operating_hours_id"], ["operating_hours.id"], name=op.f("fk_holiday_operating_hours_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holiday")),
    )
    op.create_index(op.f("ix_holiday_operating_hours_id"), "holiday", ["operating_hours_id"])
    op.create_table(
        "queue",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("assignment_method", sa.String(), nullable=False),
        sa.Column("assignment", _json(), nullable=False),
        sa.Column("operating_hours_id", sa.String(), nullable=True),
        sa.Column("overflow", _json(), nullable=False),
        sa.Column("decline_limit", sa.Integer(), nullable=False),
        sa.Column("when_empty", sa.String(), nullable=False),
        sa.Column("service_level_seconds", sa.Integer(), nullable=True),
        sa.Column("short_abandon_seconds", sa.Integer(), nullable=True),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("created_at", _instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["operating_hours_id"], ["operating_hours.id"], name=op.f("fk_queue_operating_hours_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue")),
        sa.UniqueConstraint("name", name=op.f("uq_queue_name")),
    )
    op.create_index(op.f("ix_queue_operating_hours_id"), "queue", ["operating_hours_id"])
    op.create_table(
        "queue_member",
        sa.Column("queue_id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("presence", sa.String(), nullable=False),
        sa.Column("free_units", sa.Integer(), nullable=False),
        sa.Column("freed_at", _instant(), nullable=False),
        sa.Column("last_assigned_at", _instant(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_queue_member_agent_id")),
        sa.ForeignKeyConstraint(["queue_id"], ["queue.id"], name=op.f("fk_queue_member_queue_id")),
        sa.PrimaryKeyConstraint("queue_id", "agent_id", name=op.f("pk_queue_member")),
    )
    op.create_index(
        "ix_queue_member_free",
        "queue_member",
        ["queue_id", "presence", sa.text("(-free_units)"), "last_assigned_at"],
    )
    op.create_index("ix_queue_member_agent", "queue_member", ["agent_id"])
    op.create_index(
        "ix_queue_member_freed",
        "queue_member",
        ["queue_id", "presence", "freed_at"],
        sqlite_where=sa.text("free_units > 0"),
        postgresql_where=sa.text("free_units > 0"),
    )
    op.create_index(
        "ix_queue_member_turn",
        "queue_member",
        ["queue_id", "presence", "last_assigned_at"],
        sqlite_where=sa.text("free_units > 0"),
        postgresql_where=sa.text("free_units > 0"),
    )
    op.create_table(
        "skill",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("max_rating", sa.Integer(), nullable=False),
        sa.Column("created_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_skill")),
        sa.UniqueConstraint("name", name=op.f("uq_skill_name")),
    )
    op.create_table(
        "agent_skill",
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("skill_id", sa.String(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_agent_skill_agent_id")),
        sa.ForeignKeyConstraint(["skill_id"], ["skill.id"], name=op.f("fk_agent_skill_skill_id")),
        sa.PrimaryKeyConstraint("agent_id", "skill_id", name=op.f("pk_agent_skill")),
    )
    op.create_index(op.f("ix_agent_skill_skill_id"), "agent_skill", ["skill_id"])
    op.create_table(
        "capacity_profile",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("default_limit", sa.Integer(), nullable=False),
        sa.Column("reset", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("blocks", sa.Boolean(), nullable=False),
        sa.Column("created_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capacity_profile")),
        sa.UniqueConstraint("name", name=op.f("uq_capacity_profile_name")),
    )
    op.create_table(
        "agent_capacity_profile",
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("capacity_profile_id", sa.String(), nullable=False),
        sa.Column("limit", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_agent_capacity_profile_agent_id")),
        sa.ForeignKeyConstraint(
            ["capacity_profile_id"],
            ["capacity_profile.id"],
            name=op.f("fk_agent_capacity_profile_capacity_profile_id"),
        ),
        sa.PrimaryKeyConstraint("agent_id", "capacity_profile_id", name=op.f("pk_agent_capacity_profile")),
    )
    op.create_index(
        op.f("ix_agent_capacity_profile_capacity_profile_id"),
        "agent_capacity_profile",
        ["capacity_profile_id"],
    )
    op.create_table(
        "rule_set",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("workstream_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", _instant(), nullable=False),
        sa.ForeignKeyConstraint(["workstream_id"], ["workstream.id"], name=op.f("fk_rule_set_workstream_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_set")),
    )
    op.create_index("ix_rule_set_workstream", "rule_set", ["workstream_id", "kind", "position"])
    op.create_index(
        "uq_rule_set_route",
        "rule_set",
        ["workstream_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'route'"),
        postgresql_where=sa.text("kind = 'route'"),
    )
    op.create_table(
        "rule",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("rule_set_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("conditions", _json(), nullable=False),
        sa.Column("outputs", _json(), nullable=False),
        sa.Column("overflow", _json(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", _instant(), nullable=False),
        sa.ForeignKeyConstraint(["rule_set_id"], ["rule_set.id"], name=op.f("fk_rule_rule_set_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule")),
    )
    op.create_index("ix_rule_set_position", "rule", ["rule_set_id", "position"])
    op.create_table(
        "disposition_code",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("workstream_id", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", _instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workstream_id"], ["workstream.id"], name=op.f("fk_disposition_code_workstream_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disposition_code")),
    )
    op.create_index(op.f("ix_disposition_code_workstream_id"), "disposition_code", ["workstream_id"])
    op.create_table(
        "routing_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routing_version")),
    )
    op.create_table(
        "preferred_agent",
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_preferred_agent_agent_id")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_preferred_agent_customer_id")
        ),
        sa.PrimaryKeyConstraint("customer_id", "agent_id", name=op.f("pk_preferred_agent")),
    )
    op.create_index(op.f("ix_preferred_agent_agent_id"), "preferred_agent", ["agent_id"])
    op.add_column(
        "workstream", sa.Column("distribution_mode", sa.String(), nullable=False, server_default="pick")
    )
    op.add_column(
        "workstream", sa.Column("allow_picking", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column(
        "workstream",
        sa.Column("picking_heeds_capacity", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column(
        "workstream",
        sa.Column("transfer_heeds_capacity", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("workstream", sa.Column("capacity_units", sa.Integer(), nullable=False, server_default="1"))
    op.add_column(
        "workstream", sa.Column("capacity_profile_ids", _json(), nullable=False, server_default="[]")
    )
    op.add_column(
        "workstream", sa.Column("wrap_up_capacity", sa.String(), nullable=False, server_default="always")
    )
    op.add_column("workstream", sa.Column("wrap_up_capacity_seconds", sa.Integer(), nullable=True))
    op.add_column(
        "workstream",
        sa.Column("allowed_presences", _json(), nullable=False, server_default='["available", "busy"]'),
    )
    op.add_column(
        "workstream", sa.Column("skill_matching", sa.String(), nullable=False, server_default="none")
    )
    op.add_column("workstream", sa.Column("affinity", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column(
        "workstream", sa.Column("reservation_seconds", sa.Integer(), nullable=False, server_default="60")
    )
    op.add_column(
        "workstream", sa.Column("after_reservation", sa.String(), nullable=False, server_default="anyone")
    )
    # SQLite takes a reference only together with its column.
    op.add_column(
        "workstream",
        sa.Column(
            "fallback_queue_id",
            sa.String(),
            sa.ForeignKey("queue.id", name=op.f("fk_workstream_fallback_queue_id")),
            nullable=True,
        ),
        inline_references=True,
    )
    op.add_column(
        "workstream", sa.Column("when_agent_gone", sa.String(), nullable=False, server_default="return")
    )
    op.add_column("workstream", sa.Column("notification", _json(), nullable=False, server_default="{}"))
    op.add_column(
        "workstream",
        sa.Column("disposition_required", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_index(op.f("ix_workstream_fallback_queue_id"), "workstream", ["fallback_queue_id"])
    _seed(op.get_bind())


def _seed(connection: sa.Connection) -> None:
    """The default queue, which has every agent and supervisor; workstreams that exist are picked from."""
    connection.execute(
        sa.text(
            "INSERT INTO queue (id, name, priority, assignment_method, assignment, overflow, decline_limit, "
            "when_empty, is_default, shard, created_at) VALUES ('default', 'Default queue', 100, "
            "'highest_capacity', '{}', '{}', 3, 'keep', :yes, 0, CURRENT_TIMESTAMP)"
        ),
        {"yes": True},
    )
    connection.execute(
        sa.text(
            "INSERT INTO queue_member (queue_id, agent_id, presence, free_units, freed_at, last_assigned_at) "
            "SELECT 'default', id, 'offline', 5, created_at, created_at FROM agent "
            "WHERE role IN ('agent', 'supervisor')"
        )
    )
    connection.execute(sa.text("INSERT INTO routing_version (id, version) VALUES (1, 1)"))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("workstream", "disposition_required")
    op.drop_column("workstream", "notification")
    op.drop_column("workstream", "when_agent_gone")
    op.drop_index("ix_workstream_fallback_queue_id", "workstream")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("fk_workstream_fallback_queue_id", "workstream", type_="foreignkey")
    op.drop_column("workstream", "fallback_queue_id")
    op.drop_column("workstream", "after_reservation")
    op.drop_column("workstream", "reservation_seconds")
    op.drop_column("workstream", "affinity")
    op.drop_column("workstream", "skill_matching")
    op.drop_column("workstream", "allowed_presences")
    op.drop_column("workstream", "wrap_up_capacity_seconds")
    op.drop_column("workstream", "wrap_up_capacity")
    op.drop_column("workstream", "capacity_profile_ids")
    op.drop_column("workstream", "capacity_units")
    op.drop_column("workstream", "transfer_heeds_capacity")
    op.drop_column("workstream", "picking_heeds_capacity")
    op.drop_column("workstream", "allow_picking")
    op.drop_column("workstream", "distribution_mode")
    op.drop_table("preferred_agent")
    op.drop_table("routing_version")
    op.drop_table("disposition_code")
    op.drop_table("rule")
    op.drop_table("rule_set")
    op.drop_table("agent_capacity_profile")
    op.drop_table("capacity_profile")
    op.drop_table("agent_skill")
    op.drop_table("skill")
    op.drop_table("queue_member")
    op.drop_table("queue")
    op.drop_table("holiday")
    op.drop_table("operating_hours")
