"""The life of a conversation: what a message holds besides its text, and a workstream's new settings."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column(
        "message", sa.Column("content", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=True)
    )
    op.add_column("message", sa.Column("hold", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column(
        "workstream", sa.Column("window_warning", sa.Integer(), nullable=False, server_default="3600")
    )
    op.add_column(
        "workstream",
        sa.Column("send_held_unseen", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_column("workstream", "send_held_unseen")
    op.drop_column("workstream", "window_warning")
    op.drop_column("message", "hold")
    op.drop_column("message", "content")
