"""The order of the log of events: whoever follows it by its numbers misses none (ADR 0024).

On PostgreSQL a transaction takes its numbers from a sequence and commits later, so a higher number may be
visible before a lower one. No writer waits for that: each transaction that appends holds, from before its
first number until its end, a shared advisory lock that names the next number of the sequence. A trigger of
the table takes it (migration 0025), so it costs no statement and nobody can forget it. A reader asks which of
these are held, and stays below the lowest. Only transactions that append are waited for: a backup, or a
report that takes an hour, holds nobody back.

Transactions that change one conversation wait for each other at its rows before they take numbers, so within
a conversation the numbers are in the order of commits.

SQLite has one writer, so there the numbers are in the order of commits anyway.
"""

from sqlalchemy import text
from sqlmodel import Session

from store.db.sql import is_postgres

# The first key of the locks, as the trigger takes them; the second has 31 bits for the number. What is in
# flight is closer together than half of what they can tell.
_LOCK_SPACE = 7300001
_KEYS = 2**31
_HALF = _KEYS // 2

_NEXT_NUMBER = text("SELECT last_value + is_called::int FROM event_id_seq")
# `objsubid` 2: a lock with two keys.
_HOLDERS = text(
    "SELECT objid::bigint FROM pg_locks "
    "WHERE locktype = 'advisory' AND objsubid = 2 AND classid = CAST(:space AS oid) "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
).bindparams(space=_LOCK_SPACE)


def first_unsettled(session: Session) -> int | None:
    """The number from which events may still appear; None where none can appear before the newest.

    What has a lower number is there or never will be; but a transaction sees all of it only if its first
    statement comes after this. It may be lower than what it was before.
    """
    if not is_postgres(session):
        return None
    # In this order: who took a number before `end` was read is among the holders, or has ended.
    end: int = session.connection().execute(_NEXT_NUMBER).scalar_one()
    return min([end, *(_number(key, end) for key in session.connection().execute(_HOLDERS).scalars())])


def _number(key: int, end: int) -> int:
    """The number that a lock names: of those with this key the nearest to the sequence's next one."""
    return end - (end - key + _HALF) % _KEYS + _HALF
