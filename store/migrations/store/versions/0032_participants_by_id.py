"""Each time that somebody takes part in a conversation is a row; nobody did before."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_TABLE = "conversation_participant"


def upgrade() -> None:
    """Make the table anew, by ids."""
    op.drop_table(_TABLE)
    op.create_table(
        _TABLE,
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("since", _instant(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=True),
        sa.Column("expires_at", _instant(), nullable=True),
        sa.Column("joined_at", _instant(), nullable=True),
        sa.Column("left_at", _instant(), nullable=True),
        sa.Column("end", sa.String(), nullable=True),
        _of_conversation(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation_participant")),
    )
    op.create_index(op.f("ix_conversation_participant_agent_id"), _TABLE, ["agent_id"])
    op.create_index(op.f("ix_conversation_participant_conversation_id"), _TABLE, ["conversation_id"])


def downgrade() -> None:
    """Make it as it was, empty."""
    op.drop_table(_TABLE)
    op.create_table(
        _TABLE,
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("joined_at", _instant(), nullable=False),
        sa.Column("left_at", _instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.id"], name=op.f("fk_conversation_participant_agent_id")
        ),
        _of_conversation(),
        sa.PrimaryKeyConstraint("conversation_id", "agent_id", name=op.f("pk_conversation_participant")),
    )
    op.create_index(op.f("ix_conversation_participant_agent_id"), _TABLE, ["agent_id"])


def _of_conversation() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["conversation_id"], ["conversation.id"], name=op.f("fk_conversation_participant_conversation_id")
    )


def _instant() -> sa.DateTime:
    return sa.DateTime(timezone=True)
