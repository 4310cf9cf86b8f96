"""How far an agent's absence is dealt with, and indexes of what has to be looked at again."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the indexes."""
    op.add_column("agent_state", sa.Column("absence", sa.String(), nullable=True))
    for name, column in (("ix_agent_state_leased", "leased_until"), ("ix_agent_state_absence", "absence")):
        condition = sa.text(f"{column} IS NOT NULL")
        op.create_index(name, "agent_state", [column], sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_agent_state_absence", "agent_state")
    op.drop_index("ix_agent_state_leased", "agent_state")
    op.drop_column("agent_state", "absence")
