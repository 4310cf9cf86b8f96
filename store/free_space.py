"""Leaving nothing of what was deleted in the files of the embedded databases.

Deleted content is overwritten as it goes (`secure_delete`), but pages that were once split may hold copies of
rows that moved. Writing a database anew leaves them behind; its write-ahead log is cut to nothing after.
"""

import mmap
import sqlite3
from contextlib import closing
from pathlib import Path

_PATIENCE_SECONDS = 30.0


class FileBusyError(Exception):
    """Somebody is reading; the log cannot be cut now. To be tried again."""


def rewrite(file: Path) -> None:
    """Write the database anew, without what was deleted. Its writers wait meanwhile; readers do not."""
    with closing(sqlite3.connect(file, timeout=_PATIENCE_SECONDS, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("VACUUM")


def cut_log(file: Path) -> None:
    """Move the write-ahead log into the database and cut it to nothing; raises FileBusyError."""
    with closing(sqlite3.connect(file, timeout=_PATIENCE_SECONDS, isolation_level=None)) as connection:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise FileBusyError(file.name)


def holds(file: Path, words: bytes) -> bool:
    """Whether the words are anywhere in the file."""
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(words) >= 0
