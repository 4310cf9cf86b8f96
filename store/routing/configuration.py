"""Changes of what work is shared out by, and rows of it that have a name.

Each change raises the version, by which dispatchers notice that what they keep of it is old, and has looked
at again what may wait because of it.
"""

from collections.abc import Iterable
from typing import TypeVar

from sqlalchemy import update
from sqlmodel import Session, col, func, select

from domain.routing.field_errors import FieldError
from domain.routing.rules import KnownIds
from store.db.refusals import InvalidFieldsError, RefusalReason, StoreRefusalError, not_found
from store.db.sql import table_of, take_turn
from store.routing.dispatch_marks import MarkKind, append_marks
from store.tables import CapacityProfile, OperatingHours, Queue, RoutingVersion, Skill

NamedRow = TypeVar("NamedRow", CapacityProfile, OperatingHours, Queue, Skill)

LOOK_AT_ALL = (MarkKind.ALL, "")

_VERSION = table_of(RoutingVersion)


def note_change(session: Session, *marks: tuple[MarkKind, str]) -> None:
    """Say that something has changed, and what is to be looked at again."""
    session.flush()
    session.connection().execute(update(_VERSION).values(version=_VERSION.c.version + 1))
    append_marks(session, marks)


def refuse_wrong(errors: Iterable[FieldError]) -> None:
    """Refuse what is to be saved if anything is wrong with it."""
    if listed := list(errors):
        raise InvalidFieldsError(listed)


def get_named(session: Session, model: type[NamedRow], resource: str, id: str) -> NamedRow:  # noqa: A002 - the row's id
    """The row; refused as `not_found`."""
    row = session.get(model, id)
    if row is None:
        raise not_found(resource, id)
    return row


def list_named(session: Session, model: type[NamedRow], *, after: str | None, limit: int) -> list[NamedRow]:
    """Rows by id."""
    statement = select(model).order_by(col(model.id)).limit(limit)
    if after is not None:
        statement = statement.where(col(model.id) > after)
    return list(session.exec(statement))


def add_named(session: Session, row: NamedRow, most: int) -> None:
    """Add a row; refused where its name is taken, or where there are as many as there may be."""
    refuse_taken_name(session, row)
    take_turn(session, type(row).__name__)
    if session.exec(select(func.count()).select_from(type(row))).one() >= most:
        raise StoreRefusalError(RefusalReason.LIMIT_REACHED, limit=most)
    session.add(row)
    session.flush()


def refuse_taken_name(session: Session, row: NamedRow) -> None:
    """Names are unique, in each table."""
    model = type(row)
    with session.no_autoflush:
        taken_by = session.exec(select(model.id).where(model.name == row.name, model.id != row.id)).first()
    if taken_by is not None:
        raise StoreRefusalError(RefusalReason.NAME_TAKEN, id=taken_by)


def read_known_ids(session: Session) -> KnownIds:
    """What rules and workstreams may name."""
    return KnownIds(
        skills=frozenset(session.exec(select(Skill.id))),
        profiles=frozenset(session.exec(select(CapacityProfile.id))),
        queues=frozenset(session.exec(select(Queue.id))),
    )
