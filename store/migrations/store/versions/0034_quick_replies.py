"""Quick replies of everybody's and of agents' own."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "quick_reply",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=True),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("tags", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("texts", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("fallback_language", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["agent.id"], name=op.f("fk_quick_reply_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quick_reply")),
    )
    op.create_index("ix_quick_reply_owner_slug", "quick_reply", ["owner_id", "slug"], unique=True)
    shared = sa.text("owner_id IS NULL")
    op.create_index(
        "ix_quick_reply_shared_slug",
        "quick_reply",
        ["slug"],
        unique=True,
        sqlite_where=shared,
        postgresql_where=shared,
    )
    op.create_table(
        "quick_reply_workstream",
        sa.Column("quick_reply_id", sa.String(), nullable=False),
        sa.Column("workstream_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["quick_reply_id"], ["quick_reply.id"], name=op.f("fk_quick_reply_workstream_quick_reply_id")
        ),
        sa.ForeignKeyConstraint(
            ["workstream_id"], ["workstream.id"], name=op.f("fk_quick_reply_workstream_workstream_id")
        ),
        sa.PrimaryKeyConstraint("quick_reply_id", "workstream_id", name=op.f("pk_quick_reply_workstream")),
    )
    op.create_index(
        op.f("ix_quick_reply_workstream_workstream_id"), "quick_reply_workstream", ["workstream_id"]
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("quick_reply_workstream")
    op.drop_table("quick_reply")
