"""At what pace a page's calls leave."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_INSTANTS = ("sends_next_at", "media_next_at", "reads_next_at", "slowed_until")


def upgrade() -> None:
    """Add the columns."""
    for name in _INSTANTS:
        op.add_column("page", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("page", sa.Column("usage_percent", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("page", "usage_percent")
    for name in reversed(_INSTANTS):
        op.drop_column("page", name)
