"""Bring the databases to the current schema. Safe to run at every start, by several processes at once."""

import fcntl
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from base.settings import Settings
from store.db.database import make_engine

_MIGRATIONS = Path(__file__).parents[1] / "migrations"
_MIGRATION_LOCK = 7300002
_VERSION_TABLES = {"store": "alembic_version", "inbox": "alembic_version_inbox"}


class NewerSchemaError(Exception):
    """A newer release has migrated the database; this one would not understand it."""


def migrate(settings: Settings) -> None:
    """Migrate the store and the inbox to the newest version."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with (settings.data_dir / "migrate.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _upgrade(settings.store_url, "store")
        _upgrade(settings.inbox_url, "inbox")


def schemas_behind(settings: Settings) -> list[str]:
    """Which of the databases are not at the newest version. Changes nothing, and makes no file.

    Raises NewerSchemaError.
    """
    behind = []
    for url, chain in ((settings.store_url, "store"), (settings.inbox_url, "inbox")):
        scripts, version = _scripts(chain), _version_of(url, chain)
        if version is not None and version not in {each.revision for each in scripts.walk_revisions()}:
            raise NewerSchemaError(
                f"A newer release of Pagedesk has migrated this database ({chain} is at {version}). "
                "Go on with that release."
            )
        if version != scripts.get_current_head():
            behind.append(chain)
    return behind


def _scripts(chain: str) -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS / chain))
    return ScriptDirectory.from_config(config)


def _version_of(url: str, chain: str) -> str | None:
    """The version that a database is at; None where there is none yet."""
    file = url.removeprefix("sqlite:///")
    if file != url and not Path(file).exists():
        return None
    engine = make_engine(url, writes=False)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"version_table": _VERSION_TABLES[chain]})
            return context.get_current_revision()
    finally:
        engine.dispose()


def _upgrade(url: str, chain: str) -> None:
    engine = make_engine(url)
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS / chain))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()
