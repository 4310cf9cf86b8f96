"""The erasures of persons."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from store.tables.columns import instant, json_column


class Erasure(SQLModel, table=True):
    """The erasure of what is kept of a person. Once done it holds no personal data: it is the audit line.

    `code` is the confirmation code: whoever knows it may see how the request stands. `subject` is the sealed
    app-scoped id of a request by Meta's callback, and `targets` are the customers, with sealed PSIDs; both
    are emptied at the end. `fingerprints` stay, by which they are known again, but not found out.
    """

    id: str = Field(primary_key=True)
    code: str = Field(unique=True)
    asked_by: str
    agent_id: str | None = None
    account_id: str | None = None
    subject: str | None = None
    issued_at: datetime | None = instant(nullable=True)
    requested_at: datetime = instant(index=True)
    status: str = Field(index=True)
    customers: int | None = Field(default=None, description="how many were found; null while nobody knows")
    outcome: str | None = None
    targets: list[dict[str, Any]] = json_column(list)
    fingerprints: list[str] = json_column(list)
    counts: dict[str, int] = json_column(dict)
    done_at: datetime | None = instant(nullable=True)
