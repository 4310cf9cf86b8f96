"""The sums of old days, and indexes for what reports read of a period."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_conversation_opened", "conversation", "opened_at"),
    ("ix_conversation_session_started_at", "conversation_session", "started_at"),
    ("ix_message_occurred", "message", "occurred_at"),
    ("ix_presence_change_until", "presence_change", "until"),
    ("ix_slot_released", "slot", "released_at"),
)


def upgrade() -> None:
    """Add tables and indexes."""
    op.create_table(
        "summed_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("summed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_summed_day")),
    )
    op.create_table(
        "daily_metrics",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("queue_id", sa.String(), nullable=False),
        sa.Column("workstream_id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("measures", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["day"], ["summed_day.day"], name=op.f("fk_daily_metrics_day")),
        sa.PrimaryKeyConstraint(
            "day", "queue_id", "workstream_id", "agent_id", name=op.f("pk_daily_metrics")
        ),
    )
    for name, table, column in _INDEXES:
        op.create_index(name, table, [column])


def downgrade() -> None:
    """Drop them."""
    for name, table, _ in _INDEXES:
        op.drop_index(name, table_name=table)
    op.drop_table("daily_metrics")
    op.drop_table("summed_day")
