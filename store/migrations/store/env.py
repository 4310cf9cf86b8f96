"""Migrations of the store."""

from sqlmodel import SQLModel

from store import tables  # noqa: F401 - fills the metadata
from store.migrations import environment

environment.run(SQLModel.metadata, "alembic_version")
