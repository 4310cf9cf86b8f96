"""What PostgreSQL says of an error holds customers' words; what we pass on of it does not."""

import socket
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import MagicMock

import psycopg
import pytest
from psycopg import errors
from psycopg.pq import DiagnosticField
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError

from store.db.engines import make_engine
from store.db.postgres_errors import without_values

WORDS = "my number is 555 0100"


def raised(kind: type[psycopg.Error], primary: str, **more: str) -> psycopg.Error:
    """An error as the driver raises it for the server's answer."""
    assert kind.sqlstate is not None
    fields = {"sqlstate": kind.sqlstate, "message_primary": primary, **more}
    info: dict[int, bytes | None] = {
        DiagnosticField[name.upper()]: value.encode() for name, value in fields.items()
    }
    shown = "\n".join([primary, *(f"{name}: {value}" for name, value in more.items())])
    return kind(shown, info=info)


FAILURES = [
    pytest.param(
        raised(
            errors.NotNullViolation,
            'null value in column "kind" violates not-null constraint',
            message_detail=f"Failing row contains (1, {WORDS}, null).",
            table_name="message",
            column_name="kind",
        ),
        "SQLSTATE 23502, table message, column kind",
        id="a-whole-row",
    ),
    pytest.param(
        raised(
            errors.UniqueViolation,
            "duplicate key value violates unique constraint",
            message_detail=f"Key (email)=({WORDS}) already exists.",
            table_name="agent",
            constraint_name="uq_agent_email",
        ),
        "SQLSTATE 23505, table agent, constraint uq_agent_email",
        id="a-key",
    ),
    pytest.param(
        raised(
            errors.InvalidTextRepresentation,
            f'invalid input syntax for type bigint: "{WORDS}"',
            context=f"unnamed portal parameter $1 = '{WORDS}'",
        ),
        "SQLSTATE 22P02",
        id="a-value",
    ),
    pytest.param(
        raised(
            errors.AdminShutdown,
            "terminating connection due to administrator command",
            context=f"unnamed portal parameter $1 = '{WORDS}'",
        ),
        "terminating connection due to administrator command",
        id="no-value-in-the-message",
    ),
]


@pytest.mark.parametrize(("error", "said"), FAILURES)
def test_an_error_says_where_and_not_what(error: psycopg.Error, said: str) -> None:
    assert without_values(error) == said


def test_the_drivers_own_words_stay() -> None:
    assert without_values(psycopg.OperationalError("connection refused")) == "connection refused"


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A connection on which nothing comes."""
    here, there = socket.socketpair()
    with here, there:
        yield here


@pytest.fixture
def engine_that_fails(silent: socket.socket) -> Callable[[psycopg.Error], Engine]:
    """An engine of the store whose server answers every statement with the error."""

    def make(error: psycopg.Error) -> Engine:
        engine = make_engine("postgresql+psycopg://nobody@nowhere/nothing")
        driver: Any = MagicMock(closed=False, fileno=silent.fileno)
        driver.cursor.return_value.execute.side_effect = error
        event.listen(engine, "do_connect", lambda *_: driver)
        engine.dialect.initialize = MagicMock()  # type: ignore[method-assign]  # it would ask the server
        return engine

    return make


@pytest.mark.parametrize(("error", "said"), FAILURES)
def test_no_error_of_the_store_holds_a_value_whichever_way_it_is_printed(
    engine_that_fails: Callable[[psycopg.Error], Engine], error: psycopg.Error, said: str
) -> None:
    with engine_that_fails(error).connect() as connection, pytest.raises(DBAPIError) as caught:
        connection.exec_driver_sql("INSERT INTO anything VALUES (1)")
    assert caught.value.orig is caught.value.__cause__
    for each in (caught.value, caught.value.orig):
        assert said in str(each)
        assert WORDS not in f"{each} {each!r}"
