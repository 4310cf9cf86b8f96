"""A store of another version."""

from typing import Any

from alembic.config import Config
from sqlalchemy import Connection

from base.settings import Settings
from store.db.engines import make_engine
from store.db.schema_versions import MIGRATIONS


def move_store(settings: Settings, move: Any, version: str) -> None:
    """Bring the store to a version; `move` is Alembic's `upgrade` or `downgrade`."""
    engine = make_engine(settings.store_url)
    try:
        with engine.begin() as connection:
            move_connection(connection, move, version)
    finally:
        engine.dispose()


def move_connection(connection: Connection, move: Any, version: str) -> None:
    """As `move_store`, within the transaction of a connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS / "store"))
    config.attributes["connection"] = connection
    move(config, version)
