"""Conversations know since when an answer is owed, and are found by it and by when they closed."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

_PAGE_INBOX = "('263902037430900', '26390203743090')"
_ANSWERED_AT = f"""
    SELECT max(answer.occurred_at) FROM message AS answer
    WHERE answer.conversation_id = conversation.id AND (
        answer.sender_kind IN ('agent', 'bot') OR (answer.sender_kind = 'outside'
        AND (answer.app_id IS NULL OR answer.app_id IN {_PAGE_INBOX})))
"""  # noqa: S608 - ours
_OWED_SINCE = f"""
    SELECT min(said.occurred_at) FROM message AS said
    WHERE said.conversation_id = conversation.id AND said.direction = 'inbound'
    AND said.deleted_at IS NULL AND NOT said.standby
    AND (({_ANSWERED_AT}) IS NULL OR said.occurred_at > ({_ANSWERED_AT}))
"""  # noqa: S608 - ours


def upgrade() -> None:
    """Add the column, filled from the messages of what is open or active, and the indexes."""
    op.add_column("conversation", sa.Column("owed_since", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        f"UPDATE conversation SET owed_since = ({_OWED_SINCE}) WHERE status IN ('open', 'active')"  # noqa: S608 - ours
    )
    for name, columns in (("owed", ["owed_since", "id"]), ("closed", ["closed_at"])):
        given = sa.text(f"{columns[0]} IS NOT NULL")
        op.create_index(
            f"ix_conversation_{name}", "conversation", columns, sqlite_where=given, postgresql_where=given
        )


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_conversation_closed", "conversation")
    op.drop_index("ix_conversation_owed", "conversation")
    op.drop_column("conversation", "owed_since")
