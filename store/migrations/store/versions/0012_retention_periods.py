"""Indexes for finding what is older than its retention period."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the indexes."""
    op.create_index("ix_attachment_created", "attachment", ["created_at"])
    op.create_index("ix_idempotency_record_created_at", "idempotency_record", ["created_at"])
    op.create_index("ix_sign_in_expires_at", "sign_in", ["expires_at"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_sign_in_expires_at", "sign_in")
    op.drop_index("ix_idempotency_record_created_at", "idempotency_record")
    op.drop_index("ix_attachment_created", "attachment")
