"""Who uses the API, how they are known, and what they were answered."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from store.tables.columns import BIG, instant, json_column
from store.tables.erasure_policy import Deleted, Harmless


class Agent(SQLModel, table=True):
    """A person or a machine that uses the API. `role`: agent, supervisor, admin or machine."""

    id: Harmless[str] = Field(primary_key=True)
    name: Harmless[str]
    email: Harmless[str | None] = Field(default=None, unique=True)
    role: Harmless[str]
    password_hash: Harmless[str | None] = None
    active: Harmless[bool] = True
    created_at: Harmless[datetime] = instant()


class ApiKey(SQLModel, table=True):
    """A long bearer key; only its SHA-256 is kept."""

    __tablename__ = "api_key"

    id: Harmless[str] = Field(primary_key=True)
    agent_id: Harmless[str] = Field(foreign_key="agent.id", index=True)
    name: Harmless[str]
    prefix: Harmless[str]
    digest: Harmless[str] = Field(unique=True)
    created_at: Harmless[datetime] = instant()
    expires_at: Harmless[datetime | None] = instant(nullable=True)
    revoked_at: Harmless[datetime | None] = instant(nullable=True)


class SignIn(SQLModel, table=True):
    """A person's login: a short-lived token, only its SHA-256 kept. It lives by the process clock.

    It is over at `expires_at`, which what the person does moves on, up to `ends_at`.
    """

    __tablename__ = "sign_in"

    id: Harmless[str] = Field(primary_key=True)
    agent_id: Harmless[str] = Field(foreign_key="agent.id", index=True)
    digest: Harmless[str] = Field(unique=True)
    created_at: Harmless[datetime] = instant()
    expires_at: Harmless[datetime] = instant(index=True)
    ends_at: Harmless[datetime] = instant()
    user_agent: Harmless[str | None] = None
    revoked_at: Harmless[datetime | None] = instant(nullable=True)


class SignInCode(SQLModel, table=True):
    """A code by which somebody becomes administrator, once; only its SHA-256 is kept."""

    __tablename__ = "sign_in_code"

    digest: Harmless[str] = Field(primary_key=True)
    expires_at: Harmless[datetime] = instant()


class SignInTry(SQLModel, table=True):
    """A try to sign in that has not succeeded; `store.access.sign_in_tries` counts them."""

    __tablename__ = "sign_in_try"
    __table_args__ = (Index("ix_sign_in_try_key", "key", "at"),)

    id: Harmless[int | None] = Field(default=None, sa_type=BIG, primary_key=True)
    key: Harmless[str]
    try_id: Harmless[str] = Field(index=True)
    at: Harmless[datetime] = instant(index=True)


class IdempotencyRecord(SQLModel, table=True):
    """The stored answer of a creating POST, by principal and `Idempotency-Key`.

    An erasure deletes the answers to refused replies; the others hold no more than the id of what was
    created.
    """

    __tablename__ = "idempotency_record"

    principal_id: Deleted[str] = Field(primary_key=True)
    key: Deleted[str] = Field(primary_key=True, index=True)
    request_hash: Deleted[str]
    body: Deleted[dict[str, Any]] = json_column(dict)
    created_at: Deleted[datetime] = instant(index=True)
