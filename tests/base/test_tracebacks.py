"""What logs and histories tell of an error: its kind and place, never the value that it quotes."""

import sqlite3
from contextlib import closing

import psycopg
import psycopg.errors
import pytest
from pydantic import BaseModel
from temporalio.api.failure.v1 import Failure
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from base.converter import data_converter
from base.tracebacks import traceback_without_values, without_values
from messenger.graph.results import GraphUnavailable

WORDS = "where is my parcel"


class _Order(BaseModel):
    number: int


def _raised(said: str) -> Exception:
    try:
        try:
            _Order.model_validate({"number": said})
        except ValueError as error:
            raise LookupError(said) from error
    except LookupError as error:
        return error
    raise AssertionError


def _of_sqlite(statement: str) -> Exception:
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute(statement)
        except sqlite3.Error as error:
            return error
    raise AssertionError


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError(WORDS), "ValueError"),
        (UnicodeEncodeError("utf-8", WORDS, 0, 1, "no"), "UnicodeEncodeError"),
        (KeyError(WORDS), "KeyError"),
        (
            FileNotFoundError(2, "No such file", "/data/key"),
            "FileNotFoundError: [Errno 2] No such file: '/data/key'",
        ),
        (RuntimeError("no running event loop"), "RuntimeError: no running event loop"),
        (RuntimeError(), "RuntimeError"),
        (GraphUnavailable("unreadable_answer"), "GraphUnavailable: unreadable_answer"),
        (_of_sqlite(WORDS), "OperationalError: SQLITE_ERROR"),
        (psycopg.errors.UniqueViolation(WORDS), "UniqueViolation: 23505"),
        (psycopg.OperationalError(WORDS), "OperationalError"),
        (RPCError(WORDS, RPCStatusCode.UNAVAILABLE, b""), "RPCError: UNAVAILABLE"),
    ],
)
def test_an_error_says_more_than_its_kind_only_where_that_is_no_value(error: Exception, told: str) -> None:
    assert without_values(error) == told


def test_a_traceback_has_every_error_of_the_chain_and_of_a_group() -> None:
    error = _raised(WORDS)
    group = ExceptionGroup(WORDS, [error])
    told = traceback_without_values((type(group), group, group.__traceback__))
    assert WORDS not in told
    assert "LookupError" in told
    assert "ValidationError" in told
    assert "_Order.model_validate" in told


def test_a_history_gets_the_kinds_of_errors_and_the_words_made_for_it() -> None:
    failure = Failure()
    data_converter.failure_converter.to_failure(_raised(WORDS), data_converter.payload_converter, failure)
    assert WORDS.encode() not in failure.SerializeToString()
    assert (failure.message, failure.application_failure_info.type) == ("LookupError", "LookupError")
    assert failure.cause.application_failure_info.type == "ValidationError"
    assert "_raised" in failure.stack_trace

    ours = ApplicationError("The customer was erased.", type="customer_erased")
    data_converter.failure_converter.to_failure(ours, data_converter.payload_converter, failure)
    assert failure.message == "The customer was erased."
