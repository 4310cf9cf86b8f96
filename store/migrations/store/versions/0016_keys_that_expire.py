"""API keys may have an end."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the instant; keys that exist have none."""
    op.add_column("api_key", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Keys with an end would hold for ever: they are revoked."""
    op.execute(
        "UPDATE api_key SET revoked_at = expires_at WHERE expires_at IS NOT NULL AND revoked_at IS NULL"
    )
    op.drop_column("api_key", "expires_at")
