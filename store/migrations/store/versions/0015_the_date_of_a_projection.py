"""When a thread's projection, and what it told, was written."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TABLES = ("thread", "event")


def upgrade() -> None:
    """Add the columns; rows of before have no date."""
    for table in _TABLES:
        op.add_column(table, sa.Column("written_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Drop them."""
    for table in _TABLES:
        op.drop_column(table, "written_at")
