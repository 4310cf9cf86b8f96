"""The tables as the code declares them: what the migrations leave, and what a delete may have to look for."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlmodel import SQLModel

from store.db.engines import make_engine
from store.db.schema_versions import MIGRATIONS, known_versions
from support.store import make_settings

# The word index of SQLite, which no model stands for.
WORD_INDEX = "search_index"
# Their parents are deleted rarely, and they are few.
FEW_ROWS = {"page", "workstream", "page_silence"}


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    engine = make_engine(make_settings(tmp_path).store_url, writes=False)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_the_migrations_make_what_the_models_declare(connection: Connection) -> None:
    with warnings.catch_warnings():
        # Indexes of expressions cannot be read back from SQLite; test_conversation_lists.py uses each.
        warnings.simplefilter("ignore")
        context = MigrationContext.configure(connection, opts={"include_name": _is_ours})
        found = compare_metadata(context, SQLModel.metadata)
    # SQLite keeps no name of a unique constraint, so each seems to be another.
    assert [change for change in found if "constraint" not in str(change[0])] == []


def _is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    return kind != "table" or not str(name).startswith(WORD_INDEX)


@pytest.mark.parametrize(
    "table", [table for table in SQLModel.metadata.tables.values() if table.name not in FEW_ROWS], ids=str
)
def test_every_reference_has_an_index(table: Table) -> None:
    """Who deletes a parent row has the database look for its children."""
    leading = {next(iter(index.columns)).name for index in table.indexes if len(index.columns)}
    unique = [each for each in table.constraints if isinstance(each, PrimaryKeyConstraint | UniqueConstraint)]
    leading |= {next(iter(each.columns)).name for each in unique}
    assert {key.parent.name for key in table.foreign_keys} <= leading


@pytest.mark.parametrize("chain", ["store", "inbox"])
def test_the_versions_that_a_start_compares_are_those_of_alembic(chain: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS / chain))
    scripts = ScriptDirectory.from_config(config)
    assert known_versions(chain) == [each.revision for each in scripts.walk_revisions()][::-1]
