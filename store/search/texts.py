"""The index of words: which texts are in it, and which are found by it.

What people said, their notes, and customers' names are in it. What Pagedesk says by itself is not: its words
are the same everywhere. A text and its words are written in one transaction.

Names, messages and notes have indexes of their own: a mark of the kind, in one for all, is in nearly every
entry, and a search for a rarer word would have to pass all of those. Beside its words an entry has marks of
its page and its customer, by which a search is narrowed in the index itself. They begin with a character that
is in no word.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, any_, bindparam, column, select, text
from sqlmodel import Session, col

from domain.search.terms import Term, terms_of, words_of
from domain.sending.decide_send import SenderKind
from store.db.sql import delete_rows, insert_or_ignore, is_postgres
from store.search.postgres_words import newest_on_postgresql
from store.tables import Customer, Message, Note, SearchText

MAX_MATCHES = 1000
"""A search looks at the newest texts that match, at most so many."""

_MARK = "§"
_NOT_SAID_BY_PEOPLE = (SenderKind.AUTOMATIC.value, SenderKind.SURVEY.value)


class Kind(StrEnum):
    """What a text is."""

    NAME = "name"
    MESSAGE = "message"
    NOTE = "note"


_NEWEST_ON_SQLITE = {
    kind: text(
        f"SELECT rowid AS id FROM search_index_{kind} WHERE search_index_{kind} MATCH :query "  # noqa: S608 - ours
        "ORDER BY rowid DESC LIMIT :most"
    )
    for kind in Kind
}


def keep_messages(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put messages into the index, once; the rows are those of new messages, as they were inserted."""
    said = [row for row in rows if row["text"] and row["sender_kind"] not in _NOT_SAID_BY_PEOPLE]
    if not said:
        return
    # A row whose mid was known already has not become a message.
    found_ids = session.connection().execute(_INSERTED, {"ids": [row["id"] for row in said]})
    inserted = set(found_ids.scalars())
    entries = [
        index_entry(Kind.MESSAGE, row["id"], row["page_id"], row["customer_id"], row["text"])
        for row in said
        if row["id"] in inserted
    ]
    insert_or_ignore(session, SearchText, [entry for entry in entries if entry is not None])


_INSERTED = select(col(Message.id)).where(col(Message.id).in_(bindparam("ids", expanding=True)))


def replace_message(session: Session, message: Message) -> None:
    """The text of a message has changed, or is gone."""
    _forget(session, message.customer_id, message.id, Kind.MESSAGE)
    row = {name: getattr(message, name) for name in ("id", "page_id", "customer_id", "sender_kind", "text")}
    keep_messages(session, [row])


def replace_name(session: Session, customer: Customer) -> None:
    """The name of a customer is known, or another one."""
    _forget(session, customer.id, customer.id, Kind.NAME)
    entry = index_entry(Kind.NAME, customer.id, customer.page_id, customer.id, customer.name or "")
    insert_or_ignore(session, SearchText, [entry] if entry else [])


def replace_note(session: Session, note: Note) -> None:
    """A note says this from now on."""
    forget_note(session, note)
    entry = index_entry(Kind.NOTE, note.id, note.page_id, note.customer_id, note.text)
    insert_or_ignore(session, SearchText, [entry] if entry else [])


def forget_note(session: Session, note: Note) -> None:
    """A note goes."""
    _forget(session, note.customer_id, note.id, Kind.NOTE)


def found(
    session: Session,
    kind: Kind,
    wanted: str,
    *,
    page_id: str | None = None,
    customer_id: str | None = None,
) -> Select[str] | None:
    """The ids of the newest messages, notes or customers that are found by `wanted`, as a statement.

    None: nothing can be found, for there is no word in `wanted`.
    """
    terms = terms_of(wanted)
    if not terms:
        return None
    marks = [f"p{page_id}"] if page_id is not None else []
    marks += [f"c{customer_id}"] if customer_id is not None else []
    terms += [Term(_MARK + mark) for mark in marks]
    entries = select(col(SearchText.source_id))
    if is_postgres(session):
        return entries.where(
            col(SearchText.id) == any_(newest_on_postgresql(session, kind, terms, MAX_MATCHES))
        )
    query = query_on_sqlite(terms)
    # Unique: a statement may hold two of these.
    given: list[Any] = [bindparam("query", query, unique=True), bindparam("most", MAX_MATCHES, unique=True)]
    newest = _NEWEST_ON_SQLITE[kind].bindparams(*given).columns(column("id"))
    return entries.where(col(SearchText.id).in_(select(newest.subquery().c.id)))


def query_on_sqlite(terms: Sequence[Term]) -> str:
    """What asks SQLite's index for texts that hold all terms."""
    return " AND ".join(f'"{term.word}"{"*" if term.is_prefix else ""}' for term in terms)


def index_entry(
    kind: Kind, source_id: str, page_id: str, customer_id: str, words: str
) -> dict[str, Any] | None:
    """The index's row of a text; None for a text without words."""
    terms = words_of(words)
    if not terms:
        return None
    marks = (f"p{page_id}", f"c{customer_id}")
    return {
        "customer_id": customer_id,
        "source_id": source_id,
        "kind": kind.value,
        "terms": " ".join([*terms, *(_MARK + mark for mark in marks)]),
    }


def _forget(session: Session, customer_id: str, source_id: str, kind: Kind) -> None:
    delete_rows(
        session,
        SearchText,
        col(SearchText.customer_id) == customer_id,
        col(SearchText.source_id) == source_id,
        col(SearchText.kind) == kind.value,
    )
