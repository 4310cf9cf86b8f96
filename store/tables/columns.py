"""The kinds of columns that tables share, and the names of constraints."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from store.db.types import UtcDateTime

# Names for every constraint, so that migrations can address them.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

BIG = BigInteger().with_variant(Integer, "sqlite")
JSON_TYPE = JSON().with_variant(JSONB(), "postgresql")


def index_where(name: str, *columns: Any, given: str) -> Index:
    """An index of the rows in which the column `given` has a value."""
    condition = text(f"{given} IS NOT NULL")
    return Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


AUDIT = "audit: "
"""How the description of a column begins that the product writes for people and never reads."""
RESERVED = "reserved: "
"""How that of a column begins that is read once something can have more than one value of it."""


def instant(*, index: bool = False, nullable: bool = False, description: str | None = None) -> Any:
    """An instant in UTC."""
    return Field(default=None, sa_type=UtcDateTime, nullable=nullable, index=index, description=description)


def json_column(default: type[list[Any]] | type[dict[str, Any]]) -> Any:
    """A list or an object, empty by default."""
    return Field(default_factory=default, sa_type=JSON_TYPE, nullable=False)
