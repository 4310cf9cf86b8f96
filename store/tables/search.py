"""The words by which texts are found."""

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from store.tables.columns import BIG
from store.tables.erasure_policy import Deleted


class SearchText(SQLModel, table=True):
    """The words of a text, and the marks of where it belongs: `store.search.texts`.

    The database keeps an index of each kind: on SQLite the full-text tables `search_index_message`,
    `search_index_name` and `search_index_note`, which triggers keep in step, on PostgreSQL GIN indexes.
    """

    __tablename__ = "search_text"
    __table_args__ = (UniqueConstraint("customer_id", "source_id", "kind"), {"sqlite_autoincrement": True})

    id: Deleted[int | None] = Field(default=None, sa_type=BIG, primary_key=True)
    customer_id: Deleted[str] = Field(foreign_key="customer.id")
    source_id: Deleted[str] = Field(description="the message's, the note's or the customer's id")
    kind: Deleted[str]
    terms: Deleted[str] = Field(description="words and marks, separated by blanks")
