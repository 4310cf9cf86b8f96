"""Leaving nothing of what was deleted in the files of the embedded databases.

Deleted content is overwritten as it goes (`secure_delete`), but pages that were once split may hold copies of
rows that moved. Writing a database anew leaves them behind; its write-ahead log is cut to nothing after.

The inbox is never written anew while it is in use: Meta's deliveries wait for it, and only for a moment.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

_TIMEOUT_SECONDS = 30.0
_PIECE = 1 << 20
# An index of words only notes that a text is gone, until its parts are merged.
_WORD_INDEXES = "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE % USING fts5(%'"
INBOX_PATIENCE_SECONDS = 1.0
"""Its writers wait as long as cutting waits for a reader; they give up after two seconds."""


class FileBusyError(Exception):
    """Somebody is reading; the log cannot be cut now. To be tried again."""


def rewrite(file: Path) -> None:
    """Write the database anew, without what was deleted. Its writers wait meanwhile; readers do not."""
    with closing(sqlite3.connect(file, timeout=_TIMEOUT_SECONDS, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        for (index,) in connection.execute(_WORD_INDEXES).fetchall():
            connection.execute(f"INSERT INTO {index} ({index}) VALUES ('optimize')")  # noqa: S608 - our table
        connection.execute("VACUUM")


def ask_for_rewrite(file: Path) -> None:
    """Have the database written anew at the next start, when nobody uses it."""
    _request(file).touch()


def rewrite_is_asked_for(file: Path) -> bool:
    """Whether the database is to be written anew."""
    return _request(file).exists()


def rewrite_as_asked(file: Path) -> None:
    """Write the database anew; asked for until it is done. Raises sqlite3.Error and FileBusyError."""
    rewrite(file)
    cut_log(file)
    _request(file).unlink()


def cut_log(file: Path, patience_seconds: float = _TIMEOUT_SECONDS) -> None:
    """Move the write-ahead log into the database and cut it to nothing; raises FileBusyError.

    Writers wait while it waits for readers, no longer than `patience_seconds`.
    """
    with closing(sqlite3.connect(file, timeout=patience_seconds, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")  # most of it, with nobody waiting
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise FileBusyError(file.name)


def holds(file: Path, words: bytes) -> bool:
    """Whether the words are anywhere in the file."""
    # Piece by piece: a search of it all at once stops every other thread of the interpreter.
    tail = b""
    with file.open("rb") as opened:
        while part := opened.read(_PIECE):
            looked_at = tail + part
            if words in looked_at:
                return True
            tail = looked_at[-len(words) :]
    return False


def _request(file: Path) -> Path:
    return file.with_suffix(".rewrite")
