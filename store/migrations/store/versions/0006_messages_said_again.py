"""Messages that say another one again."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("message", sa.Column("resends", sa.String(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("message", "resends")
