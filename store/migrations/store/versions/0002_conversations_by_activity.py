"""Indexes for lists of conversations, which are read by newest activity."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    activity = sa.text("coalesce(last_message_at, opened_at)")
    op.create_index("ix_conversation_activity", "conversation", [activity, "id"])
    op.create_index("ix_conversation_status_activity", "conversation", ["status", activity, "id"])
    op.create_index("ix_conversation_page_activity", "conversation", ["page_id", activity, "id"])
    op.drop_index("ix_conversation_status_opened", "conversation")
    op.drop_index("ix_conversation_page_id", "conversation")
