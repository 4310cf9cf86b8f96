"""Erasing a person's data, and asking Meta who a customer is."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Add the columns and the table. Customers that are known already are asked for when they write again."""
    op.add_column("customer", sa.Column("profile_due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("customer", sa.Column("profile_asked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("customer", sa.Column("profile_tries", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("customer", sa.Column("profile_error", sa.String(), nullable=True))
    op.add_column("customer", sa.Column("erasure_id", sa.String(), nullable=True))
    op.create_index("ix_customer_profile_due_at", "customer", ["profile_due_at"])
    op.create_table(
        "erasure",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=True),
        sa.Column("account_id", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("customers", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("targets", _JSON, nullable=False),
        sa.Column("fingerprints", _JSON, nullable=False),
        sa.Column("counts", _JSON, nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_erasure"),
        sa.UniqueConstraint("code", name="uq_erasure_code"),
    )
    op.create_index("ix_erasure_requested_at", "erasure", ["requested_at"])
    op.create_index("ix_erasure_status", "erasure", ["status"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("erasure")
    op.drop_index("ix_customer_profile_due_at", "customer")
    for column in ("erasure_id", "profile_error", "profile_tries", "profile_asked_at", "profile_due_at"):
        op.drop_column("customer", column)
