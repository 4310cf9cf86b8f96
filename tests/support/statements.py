"""SQL is compiled once in a test process, not anew in each of its thousand stores.

SQLAlchemy keeps what it has compiled with an engine, by the engine's dialect object. The SQLite dialects of
one process are alike, so one is as good as another.
"""

from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

from store.db import engines

_STATEMENTS = 2000


def share_compiled_statements() -> None:
    """For every engine that `store.db.engines` makes from now on."""
    SQLiteDialect_pysqlite.__eq__ = _is_alike  # type: ignore[method-assign]
    SQLiteDialect_pysqlite.__hash__ = _hash  # type: ignore[assignment,method-assign]
    engines._COMMON["execution_options"] = {"compiled_cache": LRUCache(_STATEMENTS)}


def _is_alike(one: object, other: object) -> bool:
    return type(one) is type(other)


def _hash(one: object) -> int:
    return hash(type(one))
