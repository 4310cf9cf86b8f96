"""Relays say that they are there, whether they hold a partition or not."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; a partition's owner is alive as long as the relay is there."""
    op.create_table(
        "relay",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("present_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_relay"),
    )
    op.drop_column("relay_partition", "expires_at")


def downgrade() -> None:
    """Drop it."""
    op.add_column("relay_partition", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_table("relay")
