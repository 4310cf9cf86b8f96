"""Lengths and sizes have their unit in their names, reasons of files have the field's words.

What was written and never read goes.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_RENAMED = (
    ("workstream", "auto_close_waiting_after", "auto_close_waiting_after_seconds"),
    ("workstream", "reopen_closed_within", "reopen_closed_within_seconds"),
    ("workstream", "window_warning", "window_warning_seconds"),
    ("time_out_rule", "after", "after_seconds"),
    ("attachment", "size", "size_bytes"),
)
_REASONS = {
    "switched_off": "disabled",
    "too_many": "too_many_files",
    "type_blocked": "type_not_allowed",
    "pixels": "too_many_pixels",
    "damaged": "corrupted",
    "encoded": "encoding_not_supported",
    "address_refused": "address_not_allowed",
    "not_fetched": "download_failed",
    "too_slow": "download_timed_out",
    "scanner_failed": "scan_failed",
    "broke_the_worker": "processing_failed",
    "retention_over": "retention_expired",
}
_JSON = sa.JSON().with_variant(JSONB(), "postgresql")
_ATTACHMENT = sa.table("attachment", sa.column("reason", sa.String()))
_WORKSTREAM = sa.table("workstream", sa.column("id", sa.String()), sa.column("notification", _JSON))


def upgrade() -> None:
    """Rename, and drop what nothing reads."""
    for table, before, after in _RENAMED:
        op.alter_column(table, before, new_column_name=after)
    _rename_reasons(_REASONS)
    _rename_in_notification("countdown", "countdown_seconds")
    op.drop_column("survey", "version")
    op.drop_column("idempotency_record", "status_code")


def downgrade() -> None:
    """Take it back; what was dropped was never read."""
    op.add_column(
        "idempotency_record", sa.Column("status_code", sa.Integer(), nullable=False, server_default="201")
    )
    op.add_column("survey", sa.Column("version", sa.Integer(), nullable=False, server_default="0"))
    _rename_in_notification("countdown_seconds", "countdown")
    _rename_reasons({after: before for before, after in _REASONS.items()})
    for table, before, after in _RENAMED:
        op.alter_column(table, after, new_column_name=before)


def _rename_reasons(renamed: dict[str, str]) -> None:
    for before, after in renamed.items():
        op.execute(_ATTACHMENT.update().where(_ATTACHMENT.c.reason == before).values(reason=after))


def _rename_in_notification(before: str, after: str) -> None:
    connection = op.get_bind()
    for row in connection.execute(_WORKSTREAM.select()).all():
        notification: dict[str, Any] = dict(row.notification)
        if before in notification:
            notification[after] = notification.pop(before)
            wanted = _WORKSTREAM.update().where(_WORKSTREAM.c.id == row.id)
            connection.execute(wanted.values(notification=notification))
