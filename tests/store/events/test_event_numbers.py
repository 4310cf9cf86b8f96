"""The numbers of events: each is used once, also in a log of before that was promised."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from store.db.database import make_engine
from store.db.schema_versions import MIGRATIONS
from support.store import make_settings

_INSERT = text("INSERT INTO event (at, kind, actor_kind, data) VALUES (:at, :kind, 'system', :data)")


def _migrate(engine: Engine, move: Any, version: str) -> None:
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS / "store"))
        config.attributes["connection"] = connection
        move(config, version)


def test_a_log_of_before_keeps_its_rows_and_never_uses_a_number_again(tmp_path: Path) -> None:
    engine = make_engine(make_settings(tmp_path).store_url)
    _migrate(engine, command.downgrade, "0018")
    row = {"at": "2026-11-20 12:00:00.000000", "data": '{"a": 1}'}
    with engine.begin() as connection:
        for kind in ("one", "two", "three"):
            connection.execute(_INSERT, {**row, "kind": kind})
    _migrate(engine, command.upgrade, "head")
    with engine.begin() as connection:
        kept = connection.execute(text("SELECT id, at, kind, data FROM event ORDER BY id")).all()
        assert kept == [
            (number, row["at"], kind, row["data"]) for number, kind in enumerate(("one", "two", "three"), 1)
        ]
        connection.execute(text("DELETE FROM event WHERE id > 1"))
        connection.execute(_INSERT, {**row, "kind": "four"})
        assert connection.execute(text("SELECT max(id) FROM event")).scalar_one() == 4
    engine.dispose()
