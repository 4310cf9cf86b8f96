"""The version of a page's settings, and the one that its conversations were told of."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_COLUMNS = ("settings_version", "told_settings_version")


def upgrade() -> None:
    """Add the columns."""
    for name in _COLUMNS:
        op.add_column("page", sa.Column(name, sa.Integer(), nullable=False, server_default="1"))


def downgrade() -> None:
    """Drop them."""
    for name in _COLUMNS:
        op.drop_column("page", name)
