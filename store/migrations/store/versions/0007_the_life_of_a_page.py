"""What a page's health is judged by, its missed messages, its farewell; two app secrets during a rotation."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_INSTANTS = (
    "token_saved_at",
    "token_expires_at",
    "token_refresh_due_at",
    "subscribed_at",
    "last_messaging_at",
    "last_standby_at",
    "gap_since",
    "gap_read_until",
    "removed_at",
)
_OF_ACCOUNT = ("previous_app_secret_until", "deleted_at")


def _json() -> sa.JSON:
    return sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Apply. A page that works was subscribed by us."""
    op.add_column("page", sa.Column("warnings", _json(), nullable=False, server_default="[]"))
    op.add_column("page", sa.Column("findings", _json(), nullable=False, server_default="{}"))
    for name in _INSTANTS:
        op.add_column("page", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE page SET subscribed_at = checked_at WHERE provisioning_state = 'Running'")
    op.execute("UPDATE page SET token_saved_at = created_at")
    op.add_column("account", sa.Column("previous_app_secret", sa.String(), nullable=True))
    for name in _OF_ACCOUNT:
        op.add_column("account", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "page_silence",
        sa.Column("page_id", sa.String(), nullable=False),
        sa.Column("day", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["page_id"], ["page.page_id"], name=op.f("fk_page_silence_page_id")),
        sa.PrimaryKeyConstraint("page_id", "day", name=op.f("pk_page_silence")),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("page_silence")
    for name in (*_OF_ACCOUNT, "previous_app_secret"):
        op.drop_column("account", name)
    for name in (*_INSTANTS, "findings", "warnings"):
        op.drop_column("page", name)
