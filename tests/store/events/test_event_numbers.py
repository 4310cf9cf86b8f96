"""The numbers of events: each is used once, also in a log of before that was promised."""

from pathlib import Path

from alembic import command
from sqlalchemy import text

from store.db.engines import make_engine
from support.migrations import move_store
from support.store import make_settings

_INSERT = text("INSERT INTO event (at, kind, actor_kind, data) VALUES (:at, :kind, 'system', :data)")


def test_a_log_of_before_keeps_its_rows_and_never_uses_a_number_again(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    engine = make_engine(settings.store_url)
    move_store(settings, command.downgrade, "0018")
    row = {"at": "2026-11-20 12:00:00.000000", "data": '{"a": 1}'}
    with engine.begin() as connection:
        for kind in ("one", "two", "three"):
            connection.execute(_INSERT, {**row, "kind": kind})
    move_store(settings, command.upgrade, "head")
    with engine.begin() as connection:
        kept = connection.execute(text("SELECT id, at, kind, data FROM event ORDER BY id")).all()
        assert kept == [
            (number, row["at"], kind, row["data"]) for number, kind in enumerate(("one", "two", "three"), 1)
        ]
        connection.execute(text("DELETE FROM event WHERE id > 1"))
        connection.execute(_INSERT, {**row, "kind": "four"})
        assert connection.execute(text("SELECT max(id) FROM event")).scalar_one() == 4
    engine.dispose()
