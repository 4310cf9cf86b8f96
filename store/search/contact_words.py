"""The index of words of contacts, which need not be anybody's who has written."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, any_, bindparam, column, select, text
from sqlmodel import Session, col

from domain.search.terms import terms_of, words_of
from store.db.sql import delete_rows, insert_or_ignore, is_postgres
from store.search.postgres_words import newest_on_postgresql
from store.search.texts import MAX_MATCHES, query_on_sqlite
from store.tables import ContactWords

_NEWEST_ON_SQLITE = text(
    "SELECT rowid AS id FROM search_index_contact WHERE search_index_contact MATCH :query "
    "ORDER BY rowid DESC LIMIT :most"
)


def replace(session: Session, contact_id: str, texts: Iterable[str]) -> None:
    """A contact is found by the words of these texts from now on, and by no others."""
    delete_rows(session, ContactWords, col(ContactWords.contact_id) == contact_id)
    terms = words_of("\n".join(texts))
    if terms:
        insert_or_ignore(session, ContactWords, [{"contact_id": contact_id, "terms": " ".join(terms)}])


def found(session: Session, wanted: str) -> Select[str] | None:
    """The ids of the newest contacts that are found by `wanted`, as a statement; None: it has no word."""
    terms = terms_of(wanted)
    if not terms:
        return None
    entries = select(col(ContactWords.contact_id))
    if is_postgres(session):
        newest = newest_on_postgresql(session, "contact", terms, MAX_MATCHES)
        return entries.where(col(ContactWords.id) == any_(newest))
    given: list[Any] = [
        bindparam("query", query_on_sqlite(terms), unique=True),
        bindparam("most", MAX_MATCHES, unique=True),
    ]
    numbers = _NEWEST_ON_SQLITE.bindparams(*given).columns(column("id"))
    return entries.where(col(ContactWords.id).in_(select(numbers.subquery().c.id)))
