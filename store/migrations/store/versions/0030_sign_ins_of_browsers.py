"""Sign-ins that what their person does extends, and codes of first administrators."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add them. Sign-ins that live end when they would have."""
    epoch = "1970-01-01 00:00:00+00:00"
    op.add_column("sign_in", sa.Column("ends_at", _INSTANT, nullable=False, server_default=epoch))
    op.add_column("sign_in", sa.Column("user_agent", sa.String(), nullable=True))
    op.execute("UPDATE sign_in SET ends_at = expires_at")
    op.create_table(
        "sign_in_code",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sign_in_code")),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("sign_in_code")
    op.drop_column("sign_in", "user_agent")
    op.drop_column("sign_in", "ends_at")
