"""What Pagedesk says by itself, and when; what agents' clients show: rules, texts, variables, templates."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _json() -> sa.JSON:
    return sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "session_template",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("communication_panel", sa.String(), nullable=False),
        sa.Column("tabs", _json(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_template")),
        sa.UniqueConstraint("name", name=op.f("uq_session_template_name")),
    )
    op.add_column(
        "workstream",
        sa.Column("allow_automated_messages", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    # SQLite takes a reference only together with its column.
    op.add_column(
        "workstream",
        sa.Column(
            "session_template_id",
            sa.String(),
            sa.ForeignKey("session_template.id", name=op.f("fk_workstream_session_template_id")),
            nullable=True,
        ),
        inline_references=True,
    )
    op.create_index("ix_workstream_session_template_id", "workstream", ["session_template_id"])
    op.create_table(
        "time_out_rule",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("workstream_id", sa.String(), nullable=False),
        sa.Column("silent", sa.String(), nullable=False),
        sa.Column("after", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("receiver", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("texts", _json(), nullable=False),
        sa.Column("fallback_language", sa.String(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_out_rule")),
        sa.ForeignKeyConstraint(
            ["workstream_id"], ["workstream.id"], name=op.f("fk_time_out_rule_workstream_id")
        ),
    )
    op.create_index("ix_time_out_rule_workstream_id", "time_out_rule", ["workstream_id"])
    op.create_table(
        "automated_message",
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("trigger", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("texts", _json(), nullable=False),
        sa.Column("fallback_language", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("level", "trigger", name=op.f("pk_automated_message")),
    )
    op.create_table(
        "conversation_context",
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "name", name=op.f("pk_conversation_context")),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("conversation_context")
    op.drop_table("automated_message")
    op.drop_index("ix_time_out_rule_workstream_id", "time_out_rule")
    op.drop_table("time_out_rule")
    op.drop_index("ix_workstream_session_template_id", "workstream")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("fk_workstream_session_template_id", "workstream", type_="foreignkey")
    op.drop_column("workstream", "session_template_id")
    op.drop_column("workstream", "allow_automated_messages")
    op.drop_table("session_template")
