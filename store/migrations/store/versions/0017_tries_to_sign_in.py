"""Tries to sign in are counted over all processes."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "sign_in_try",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("try_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_try"),
    )
    op.create_index("ix_sign_in_try_key", "sign_in_try", ["key", "at"])
    op.create_index("ix_sign_in_try_try_id", "sign_in_try", ["try_id"])
    op.create_index("ix_sign_in_try_at", "sign_in_try", ["at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("sign_in_try")
