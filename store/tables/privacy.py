"""The erasures of persons."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from store.tables.columns import instant, json_column
from store.tables.erasure_policy import Emptied, Harmless


class Erasure(SQLModel, table=True):
    """The erasure of what is kept of a person. Once done it holds no personal data: it is the audit line.

    `code` is the confirmation code: whoever knows it may see how the request stands. `subject` is the sealed
    app-scoped id of a request by Meta's callback, and `targets` are the customers, with sealed PSIDs; both
    are emptied at the end. `fingerprints`, of page and PSID, stay: they tell nothing without the master key.
    """

    id: Harmless[str] = Field(primary_key=True)
    code: Harmless[str] = Field(unique=True)
    asked_by: Harmless[str]
    agent_id: Harmless[str | None] = None
    account_id: Harmless[str | None] = None
    subject: Emptied[str | None] = None
    issued_at: Harmless[datetime | None] = instant(nullable=True)
    requested_at: Harmless[datetime] = instant(index=True)
    status: Harmless[str] = Field(index=True)
    customers: Harmless[int | None] = Field(
        default=None, description="how many were found; null while nobody knows"
    )
    outcome: Harmless[str | None] = None
    targets: Emptied[list[dict[str, Any]]] = json_column(list)
    fingerprints: Harmless[list[str]] = json_column(list)
    counts: Harmless[dict[str, int]] = json_column(dict)
    done_at: Harmless[datetime | None] = instant(nullable=True)
