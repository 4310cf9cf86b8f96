"""Whether the databases have the schema that this release needs.

Asked at every start, and so without Alembic, which takes long to load.
"""

from pathlib import Path

from sqlalchemy import inspect, text

from base.settings import Settings
from store.db.engines import make_engine

MIGRATIONS = Path(__file__).parents[1] / "migrations"
VERSION_TABLES = {"store": "alembic_version", "inbox": "alembic_version_inbox"}


class NewerSchemaError(Exception):
    """A newer release has migrated the database; this one would not understand it."""


def schemas_behind(settings: Settings) -> list[str]:
    """Which of the databases are not at the newest version. Changes nothing, and makes no file.

    Raises NewerSchemaError.
    """
    behind = []
    for url, chain in ((settings.store_url, "store"), (settings.inbox_url, "inbox")):
        known, version = known_versions(chain), _version_of(url, chain)
        if version is not None and version not in known:
            raise NewerSchemaError(
                f"A newer release of Pagedesk has migrated this database ({chain} is at {version}). "
                "Go on with that release."
            )
        if version != known[-1]:
            behind.append(chain)
    return behind


def known_versions(chain: str) -> list[str]:
    """The versions of a chain of migrations, oldest first: each file begins with its own."""
    return sorted(file.name.partition("_")[0] for file in (MIGRATIONS / chain / "versions").glob("*.py"))


def _version_of(url: str, chain: str) -> str | None:
    """The version that a database is at; None where there is none yet."""
    file = url.removeprefix("sqlite:///")
    if file != url and not Path(file).exists():
        return None
    engine = make_engine(url, writes=False)
    table = VERSION_TABLES[chain]
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table(table):
                return None
            version: str | None = connection.execute(text(f"SELECT version_num FROM {table}")).scalar()  # noqa: S608 - a constant
            return version
    finally:
        engine.dispose()
