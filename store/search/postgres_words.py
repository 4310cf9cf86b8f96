"""Finding words on PostgreSQL, the newest texts first.

Its index of words knows no order. Where few texts match, the index finds them all, and they are sorted; where
many do, the newest texts are read one after the other until enough match. The planner cannot choose: of the
beginning of a word it estimates that a fiftieth of all texts match, however few they are, and then reads them
all, seconds for each hundred thousand (`tsmatchsel` in PostgreSQL's src/backend/tsearch/ts_selfuncs.c).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, BindParameter, literal, text
from sqlmodel import Session

from domain.search.terms import Term
from store.db.sql import planning_without

_FEW = 10_000
"""Up to so many are sorted."""

_MATCHES = "array_to_tsvector(string_to_array(terms, ' ')) @@ CAST(:query AS tsquery)"
# A kind is written out, for the planner to know that its index holds all that is wanted. What words a text
# consists of costs ten times as much to tell as that it does not hold those letters at all.
_ENTRIES = {
    **{kind: f"search_text WHERE kind = '{kind}'" for kind in ("message", "name", "note")},
    "contact": "contact_words WHERE true",
}
_STATEMENTS = {
    kind: (
        text(
            f"WITH found AS MATERIALIZED (SELECT id FROM {entries} AND {_MATCHES} "  # noqa: S608 - ours
            "LIMIT :few) SELECT id, count(*) OVER () FROM found ORDER BY id DESC LIMIT :most"
        ),
        text(
            f"SELECT id FROM {entries} AND terms LIKE ALL (:parts) AND {_MATCHES} "  # noqa: S608 - ours
            "ORDER BY id DESC LIMIT :most"
        ),
    )
    for kind, entries in _ENTRIES.items()
}


def newest_on_postgresql(
    session: Session, kind: str, terms: Sequence[Term], most: int
) -> BindParameter[Sequence[int]]:
    """The numbers of the newest texts that hold all terms, at most so many, as an array."""
    # A word consists of letters and digits, and a mark of an id's characters: neither has to be escaped.
    query = " & ".join(f"'{term.word}'{':*' if term.is_prefix else ''}" for term in terms)
    by_index, one_by_one = _STATEMENTS[kind]
    with planning_without(session, "seqscan", "indexscan"):
        found = session.execute(by_index, {"query": query, "few": _FEW, "most": most}).all()
    ids = [row[0] for row in found]
    if found and found[0][1] == _FEW:
        given: dict[str, Any] = {"query": query, "parts": [f"%{term.word}%" for term in terms], "most": most}
        with planning_without(session, "seqscan", "bitmapscan"):
            ids = list(session.scalars(one_by_one, given))
    return literal(ids, ARRAY(BigInteger))
