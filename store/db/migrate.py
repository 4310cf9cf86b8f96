"""Bring the databases to the current schema. Safe to run at every start, by several processes at once."""

import fcntl

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from base.settings import Settings
from store.db.engines import make_engine
from store.db.schema_versions import MIGRATIONS

_MIGRATION_LOCK = 7300002


def migrate(settings: Settings) -> None:
    """Migrate the store and the inbox to the newest version."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with (settings.data_dir / "migrate.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _upgrade(settings.store_url, "store")
        _upgrade(settings.inbox_url, "inbox")


def _upgrade(url: str, chain: str) -> None:
    engine = make_engine(url)
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS / chain))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()
