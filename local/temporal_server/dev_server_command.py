"""How the dev server is started: tuned, on loopback, on its database file. ADR 0005 has reasons and figures.

The server passes over dynamic configuration keys that it does not know, and a wrong capital is enough; each
key here was looked up in the sources of server 1.29.1.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Literal

from local.processes.errors import LaunchError

LOOPBACK = "127.0.0.1"

# The queues between the server's own parts are polled at most 20 times a second by default: every dispatch
# then waits for the next 50 ms.
_POLL_LIMITS = {
    "history.transferProcessorMaxPollRPS": "2000",
    "history.timerProcessorMaxPollRPS": "2000",
    "history.visibilityProcessorMaxPollRPS": "2000",
}
# With four partitions a task may wait in one while all pollers sit at the others.
_ONE_PARTITION = {
    "matching.numTaskqueueReadPartitions": "1",
    "matching.numTaskqueueWritePartitions": "1",
}
TUNING: Mapping[str, str] = {
    **_POLL_LIMITS,
    **_ONE_PARTITION,
    # A thread may end one conversation and begin the next within a second.
    "history.workflowIdReuseMinimalInterval": '"0s"',
    # An activity on the workflow's own task queue comes back with the workflow task's answer.
    "system.enableActivityEagerExecution": "true",
}


def dev_server_arguments(
    *,
    database: Path | None,
    port: int,
    ui_port: int | None = None,
    synchronous: Literal["full", "normal"] = "full",
    namespace: str = "default",
    suggest_continue_as_new_at: int | None = None,
    log_level: str = "warn",
) -> list[str]:
    """Arguments for `temporal`: `[binary, *dev_server_arguments(...)]`.

    Args:
        database: The database file, made on first use; None keeps everything in memory.
        port: Where clients connect.
        ui_port: Where the web page is served; None serves none.
        synchronous: What a commit waits for: `full`, the disk; `normal`, the operating system (ADR 0005).
        namespace: Made if it does not exist; `default` always does.
        suggest_continue_as_new_at: Events at which the server suggests to continue as new; 4,096 if None.
        log_level: debug, info, warn, error or never.
    """
    arguments = ["server", "start-dev", "--ip", LOOPBACK, "--port", str(port), "--log-level", log_level]
    arguments += ["--headless"] if ui_port is None else ["--ui-port", str(ui_port)]
    if namespace != "default":
        arguments += ["--namespace", namespace]
    if database is not None:
        arguments += ["--db-filename", str(database), "--sqlite-pragma", "journal_mode=wal"]
        arguments += ["--sqlite-pragma", f"synchronous={synchronous}"]
    configuration = dict(TUNING)
    if suggest_continue_as_new_at is not None:
        configuration["limit.historyCount.suggestContinueAsNew"] = str(suggest_continue_as_new_at)
    for key, value in configuration.items():
        arguments += ["--dynamic-config-value", f"{key}={value}"]
    return arguments


def discard_unfinished_database(database: Path) -> bool:
    """Remove a database whose first start was cut off before any namespace was in it; whether there was one.

    The server sets up a file only if it does not exist, and could never start on a half-made one. Call this
    only while no server runs on the file. Raises LaunchError if the file is no database: it is not ours to
    remove.
    """
    if not database.exists() or _has_namespace(database):
        return False
    for suffix in ("", "-wal", "-shm", "-journal"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    return True


def _has_namespace(database: Path) -> bool:
    try:
        with closing(sqlite3.connect(database)) as connection:
            tables = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'namespaces'").fetchall()
            return bool(tables and connection.execute("SELECT 1 FROM namespaces LIMIT 1").fetchall())
    except sqlite3.DatabaseError as error:
        raise LaunchError(
            f"{database} cannot be read as Temporal's database ({error}).\n"
            "Put back a backup of it, or move it away to begin with an empty engine."
        ) from error
