"""Which app controls a thread."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("thread", sa.Column("owner", sa.String(), nullable=False, server_default="unknown"))
    op.add_column("thread", sa.Column("owner_app_id", sa.String(), nullable=True))
    op.add_column("thread", sa.Column("owner_known_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Drop them."""
    for column in ("owner_known_at", "owner_app_id", "owner"):
        op.drop_column("thread", column)
