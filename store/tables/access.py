"""Who uses the API, how they are known, and what they were answered."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from store.tables.columns import BIG, instant, json_column


class Agent(SQLModel, table=True):
    """A person or a machine that uses the API. `role`: agent, supervisor, admin or machine."""

    id: str = Field(primary_key=True)
    name: str
    email: str | None = Field(default=None, unique=True)
    role: str
    password_hash: str | None = None
    active: bool = True
    created_at: datetime = instant()


class ApiKey(SQLModel, table=True):
    """A long bearer key; only its SHA-256 is kept."""

    __tablename__ = "api_key"

    id: str = Field(primary_key=True)
    agent_id: str = Field(foreign_key="agent.id", index=True)
    name: str
    prefix: str
    digest: str = Field(unique=True)
    created_at: datetime = instant()
    expires_at: datetime | None = instant(nullable=True)
    revoked_at: datetime | None = instant(nullable=True)


class SignIn(SQLModel, table=True):
    """A person's login: a short-lived bearer token, only its SHA-256 kept."""

    __tablename__ = "sign_in"

    id: str = Field(primary_key=True)
    agent_id: str = Field(foreign_key="agent.id", index=True)
    digest: str = Field(unique=True)
    created_at: datetime = instant()
    expires_at: datetime = instant(index=True)
    revoked_at: datetime | None = instant(nullable=True)


class SignInTry(SQLModel, table=True):
    """A try to sign in that has not succeeded; `store.access.sign_in_tries` counts them."""

    __tablename__ = "sign_in_try"
    __table_args__ = (Index("ix_sign_in_try_key", "key", "at"),)

    id: int | None = Field(default=None, sa_type=BIG, primary_key=True)
    key: str
    try_id: str = Field(index=True)
    at: datetime = instant(index=True)


class IdempotencyRecord(SQLModel, table=True):
    """The stored answer of a creating POST, by principal and `Idempotency-Key`."""

    __tablename__ = "idempotency_record"

    principal_id: str = Field(primary_key=True)
    key: str = Field(primary_key=True, index=True)
    request_hash: str
    status_code: int
    body: dict[str, Any] = json_column(dict)
    created_at: datetime = instant(index=True)
