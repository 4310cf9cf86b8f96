"""Each message of an agent's keeps the key that its client gave it."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and the index by which a client finds its own."""
    op.add_column("message", sa.Column("client_key", sa.String(), nullable=True))
    given = sa.text("client_key IS NOT NULL")
    op.create_index(
        "ix_message_client_key",
        "message",
        ["client_key", "agent_id"],
        sqlite_where=given,
        postgresql_where=given,
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_index("ix_message_client_key", "message")
    op.drop_column("message", "client_key")
