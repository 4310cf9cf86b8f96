"""Lists of what an agent may see."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_QUEUE_INDEX = "ix_conversation_queue_activity"
_ACTIVITY = sa.text("coalesce(last_message_at, opened_at)")
_QUEUE_COLUMNS: list[str | sa.TextClause] = ["queue_id", "status", _ACTIVITY, "id"]
_IN_A_QUEUE = sa.text("queue_id IS NOT NULL")


def upgrade() -> None:
    """Conversations without a queue get into the index of queues, and sessions into one of agents."""
    op.drop_index(_QUEUE_INDEX, "conversation")
    op.create_index(_QUEUE_INDEX, "conversation", _QUEUE_COLUMNS)
    # Until there were offers, every session was taken up when it began.
    op.execute("UPDATE conversation_session SET accepted_at = started_at WHERE accepted_at IS NULL")
    op.create_index("ix_conversation_session_agent", "conversation_session", ["agent_id", "started_at"])


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_conversation_session_agent", "conversation_session")
    op.drop_index(_QUEUE_INDEX, "conversation")
    op.create_index(
        _QUEUE_INDEX,
        "conversation",
        _QUEUE_COLUMNS,
        sqlite_where=_IN_A_QUEUE,
        postgresql_where=_IN_A_QUEUE,
    )
