"""On SQLite the number of an event is never used again.

Without AUTOINCREMENT the next row gets the number after the greatest that is there. So where an erasure
deleted the newest events, their numbers came again, and a reader that was beyond them missed what they meant
the second time. On PostgreSQL the numbers come from a sequence.
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("event", recreate="always", table_kwargs={"sqlite_autoincrement": True}):
            pass


def downgrade() -> None:
    """Undo."""
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("event", recreate="always"):
            pass
