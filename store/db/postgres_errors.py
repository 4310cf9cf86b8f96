"""PostgreSQL quotes values in its errors (`Failing row contains (…)`), customers' words perhaps: no more.

What is left names the kind of error, and the table, column and constraint. Logs, answers and histories get
errors through here only.
"""

import psycopg
import psycopg.errors
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import ExceptionContext

# Classes of SQLSTATE whose message speaks of connections, transactions, names and the server, never of data.
_SAYS_NO_VALUES = frozenset({"08", "25", "28", "3D", "40", "42", "53", "55", "57", "58"})


def without_values(error: psycopg.Error) -> str:
    """What may be said of an error."""
    said = error.diag
    if error.sqlstate is None or said.message_primary is None:
        return str(error)  # the driver's own words: no connection, say
    if error.sqlstate[:2] in _SAYS_NO_VALUES:
        return said.message_primary
    names = {"table": said.table_name, "column": said.column_name, "constraint": said.constraint_name}
    where = "".join(f", {kind} {name}" for kind, name in names.items() if name)
    return f"SQLSTATE {error.sqlstate}{where}"


# A server that only reads is not the one that writes: its connections are given up for new ones.
_OF_ANOTHER_SERVER = (psycopg.errors.ReadOnlySqlTransaction,)


def hide_values(engine: Engine) -> None:
    """Have every error of this engine, and the driver's behind it, say no more than `without_values`."""

    @event.listens_for(engine, "handle_error")
    def _hide(context: ExceptionContext) -> None:
        error = context.original_exception
        if isinstance(error, psycopg.Error):
            error.args = (without_values(error),)
            if isinstance(error, _OF_ANOTHER_SERVER):
                context.is_disconnect = True
            if context.sqlalchemy_exception is not None:
                name = f"{type(error).__module__}.{type(error).__name__}"
                context.sqlalchemy_exception.args = (f"({name}) {error}",)
