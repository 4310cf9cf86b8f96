"""What says that a database is away, and what may be the fault of what was written."""

import psycopg
import pytest
from sqlalchemy.exc import (
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    PendingRollbackError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from store.db.unavailable import STORE_UNAVAILABLE, may_be_of_the_data, reason


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("", None, psycopg.errors.AdminShutdown("terminating connection")),
        OperationalError("", None, psycopg.errors.CannotConnectNow("starting up")),
        OperationalError("", None, psycopg.OperationalError("connection refused")),
        InternalError("", None, psycopg.errors.ReadOnlySqlTransaction("read-only")),
        InterfaceError("", None, psycopg.InterfaceError("connection already closed")),
        PendingRollbackError("Can't reconnect"),
        PoolTimeoutError("pool exhausted"),
    ],
)
def test_a_database_that_is_away_is_no_fault_of_the_data(error: Exception) -> None:
    assert isinstance(error, STORE_UNAVAILABLE)
    assert not may_be_of_the_data(error)


def test_a_schema_that_is_behind_is_no_fault_of_the_data_either() -> None:
    assert not may_be_of_the_data(ProgrammingError("", None, psycopg.errors.UndefinedTable("no such table")))


@pytest.mark.parametrize(
    "error",
    [
        IntegrityError("", None, psycopg.errors.ForeignKeyViolation("no such page")),
        DataError("", None, psycopg.errors.NumericValueOutOfRange("too big")),
        OverflowError("int too large"),
        KeyError("a bug"),
    ],
)
def test_what_may_be_of_the_data_is(error: Exception) -> None:
    assert may_be_of_the_data(error)


def test_a_reason_names_the_driver_s_error_or_ours() -> None:
    assert reason(InternalError("INSERT secret", None, ValueError("read-only"))) == "ValueError('read-only')"
    assert reason(TimeoutError()) == "'TimeoutError'"
