"""Marks: what a dispatcher is to look at again.

A mark is appended in the transaction of the change that makes it necessary, and deleted by its id in the one
that acts on it. It is never merged with one that is there: that one may just be being acted on by a
transaction that does not see the change.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import Session, col, select

from store.db.signals import WORK_MARKED, signal_commit
from store.db.sql import delete_rows, table_of
from store.tables import DispatchMark

_MARK = table_of(DispatchMark)


class MarkKind(StrEnum):
    """What changed: a work item, an agent, a queue or the rules; ALL has everything looked at.

    CLAIM: somebody else than the dispatcher has claimed; its conversation is to be told.
    """

    ITEM = "item"
    AGENT = "agent"
    QUEUE = "queue"
    CLAIM = "claim"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Mark:
    """`key`: the conversation, agent, queue or offer; empty for ALL."""

    id: int
    kind: MarkKind
    key: str


def append_marks(session: Session, marks: Iterable[tuple[MarkKind, str]]) -> None:
    """Have each looked at again, once this transaction is committed."""
    rows = [{"shard": 0, "kind": kind.value, "key": key} for kind, key in marks]
    if rows:
        session.connection().execute(_MARK.insert(), rows)
        signal_commit(session, WORK_MARKED)


def read_marks(session: Session, limit: int) -> list[Mark]:
    """The oldest marks."""
    rows = session.exec(select(DispatchMark).order_by(col(DispatchMark.id)).limit(limit)).all()
    return [Mark(row.id or 0, MarkKind(row.kind), row.key) for row in rows]


def has_marks(session: Session) -> bool:
    """Whether there is anything to look at."""
    return session.exec(select(DispatchMark.id).limit(1)).first() is not None


def delete_marks(session: Session, ids: Sequence[int]) -> None:
    """Delete marks that were acted on."""
    if ids:
        delete_rows(session, DispatchMark, col(DispatchMark.id).in_(ids))
