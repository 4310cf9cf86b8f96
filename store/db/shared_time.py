"""The time that all processes of an installation share: for leases, which no travel in time may change."""

from datetime import datetime

from sqlalchemy import ColumnElement, literal
from sqlmodel import Session, func, select

from base import clock
from store.db.sql import is_postgres
from store.db.types import UtcDateTime


def shared_now(session: Session) -> datetime:
    """The database's instant where processes may be on several machines, else the machine's."""
    if not is_postgres(session):
        return clock.process_now()
    now: datetime = session.exec(select(func.clock_timestamp())).one()
    return now


def shared_now_column(session: Session) -> ColumnElement[datetime]:
    """The same as a part of a statement."""
    if is_postgres(session):
        return func.clock_timestamp(type_=UtcDateTime())
    return literal(clock.process_now(), UtcDateTime())
