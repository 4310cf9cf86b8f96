"""Errors without their words: a ValueError quotes the value that it refuses, a customer's text perhaps.

What is left says which kinds of errors were raised, and where. Logs and Temporal's histories get errors
through here only. A class of ours whose words are made for them has `says_no_values = True`.
"""

import traceback
from collections.abc import Iterator
from enum import Enum
from types import TracebackType

from pydantic import ValidationError

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]

# Their words speak of programs, files, connections and names in the code, never of data.
_SAY_NO_VALUES = (AttributeError, ImportError, NameError, OSError, RuntimeError, TypeError)
_CAUSE = "\nThe above exception was the direct cause of the following exception:\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n"


def without_values(error: BaseException) -> str:
    """The kind of an error in a few words; what it says too, where that holds no value."""
    name = type(error).__qualname__
    is_harmless = isinstance(error, _SAY_NO_VALUES) or getattr(error, "says_no_values", False)
    said = str(error) if is_harmless else _code_of(error)
    return f"{name}: {said}" if said else name


def _code_of(error: BaseException) -> str | None:
    """SQLite's and PostgreSQL's code of an error, Temporal's status, or what kinds of values are wrong."""
    if isinstance(error, ValidationError):
        kinds = error.errors(include_url=False, include_context=False, include_input=False)
        return ", ".join(sorted({each["type"] for each in kinds}))
    status = getattr(error, "status", None)
    if isinstance(status, Enum):
        return status.name
    return getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None)


def place_of(error: BaseException) -> str:
    """The file and the line where an error was raised."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{where.filename}:{where.lineno}"


def traceback_without_values(exc_info: _ExcInfo) -> str:
    """The traceback as Python shows it, each error by `without_values`, no local variables."""
    return "\n".join(_lines(exc_info[1]))


def _lines(error: BaseException) -> Iterator[str]:
    if error.__cause__ is not None:
        yield from (*_lines(error.__cause__), _CAUSE)
    elif error.__context__ is not None and not error.__suppress_context__:
        yield from (*_lines(error.__context__), _CONTEXT)
    yield "Traceback (most recent call last):"
    yield from (frame.rstrip("\n") for frame in traceback.format_tb(error.__traceback__))
    yield without_values(error)
    if isinstance(error, BaseExceptionGroup):
        for number, each in enumerate(error.exceptions, 1):
            yield f"  {number} of {len(error.exceptions)}:"
            yield from (f"  {line}" for text in _lines(each) for line in text.splitlines())
