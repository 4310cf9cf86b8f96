"""Migrations of the inbox, a database of its own on SQLite."""

from store.migrations import environment
from store.tables import inbox_metadata

environment.run(inbox_metadata, "alembic_version_inbox")
