"""Capacity that is claimed for a transfer, beside the slot of who has the conversation; waits as they are."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_INDEX = "uq_slot_live"
_WAIT = "wait_in_hours_seconds"
_ONE = sa.text("state <> 'released' AND (state <> 'claimed' OR kind <> 'transfer')")
_LIVE = sa.text("state <> 'released'")


def _create(given: sa.TextClause) -> None:
    op.create_index(
        _INDEX, "slot", ["conversation_id"], unique=True, sqlite_where=given, postgresql_where=given
    )


def upgrade() -> None:
    """Claims for transfers are not counted among the live slots, of which each conversation has one."""
    op.drop_index(_INDEX, "slot")
    _create(_ONE)
    # Never written before: there is nothing to convert.
    op.drop_column("queue_stay", _WAIT)
    op.add_column("queue_stay", sa.Column(_WAIT, sa.Float(), nullable=True))


def downgrade() -> None:
    """Take it back; such claims lapse."""
    op.drop_column("queue_stay", _WAIT)
    op.add_column("queue_stay", sa.Column(_WAIT, sa.Integer(), nullable=True))
    op.drop_index(_INDEX, "slot")
    op.execute("UPDATE slot SET state = 'released' WHERE state = 'claimed' AND kind = 'transfer'")
    _create(_LIVE)
