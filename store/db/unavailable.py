"""Which errors of a database say that it is away, or must be asked again later.

A failover shows itself in many ways: refused and ended connections, a server that starts, or that only reads
for seconds, and a session that has to be rolled back after one of these.
"""

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    DisconnectionError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    PendingRollbackError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

STORE_UNAVAILABLE = (
    OperationalError,
    InterfaceError,
    InternalError,  # "cannot execute INSERT in a read-only transaction", for one
    PendingRollbackError,
    DisconnectionError,
    PoolTimeoutError,
)


def may_be_of_the_data(error: Exception) -> bool:
    """Whether what was written may be at fault. If not, it is the database or its schema: try again later."""
    if isinstance(error, IntegrityError | DataError):
        return True
    return not isinstance(error, (DBAPIError, *STORE_UNAVAILABLE))


def reason(error: BaseException) -> str:
    """The error in few words without values, for a log line."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    return repr(cause or type(error).__name__)
