"""How far each agent has read each thread."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "read_position",
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("thread_seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_read_position_customer_id")),
        sa.PrimaryKeyConstraint("customer_id", "agent_id", name=op.f("pk_read_position")),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("read_position")
