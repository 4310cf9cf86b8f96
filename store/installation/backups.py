"""One picture of several SQLite databases in use, and what a restored store begins with."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import update
from sqlmodel import Session, col

from domain.events.kinds import FactKind
from domain.pages.page_problems import RESTORED, PageProblem
from domain.sending.delivery import MessageStatus
from store.db.sql import delete_rows
from store.events.events import append_page_event
from store.installation.installation import renew_event_log_id
from store.pages import page_rows
from store.sending import send_gate
from store.tables import Message, SignIn, SignInCode
from store.tables.pages import PROBLEM

_BUSY_TIMEOUT_SECONDS = 30.0
_DELIVERY_DELAY = timedelta(minutes=5)
"""What was said before the backup may have been delivered after it; and Meta shows times in whole seconds."""


def copy_databases(files: Sequence[Path], into: Path) -> None:
    """Copy databases as they all were at one instant. Raises sqlite3.Error.

    Their writers wait while the locks of all of them are held together, some milliseconds; the copying itself
    reads snapshots and holds nobody up. The last named is locked last, and so for the shortest time.
    """
    with ExitStack() as stack:
        sources = [stack.enter_context(closing(_open(file))) for file in files]
        with _locked(files):
            for source in sources:
                source.execute("BEGIN")
                source.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # takes the snapshot
        for file, source in zip(files, sources, strict=True):
            with closing(_open(into / file.name)) as target:
                source.backup(target)


def begin_restored(session: Session, backed_up_at: datetime, now: datetime) -> None:
    """Make a restored store safe to begin with: nothing is sent that may have been sent since the backup.

    Messages on their way become `unknown`: they are looked for at Meta. Each page's gate is held until what
    was said since the backup has been read from Meta (`store.pages.page_states`). Everybody signs in again,
    and readers of the event stream read everything again.
    """
    renew_event_log_id(session)
    on_their_way = (MessageStatus.QUEUED.value, MessageStatus.SENDING.value)
    session.connection().execute(
        update(Message)
        .where(col(Message.direction) == "outbound", col(Message.status).in_(on_their_way))
        .values(status=MessageStatus.UNKNOWN.value, reason=RESTORED)
    )
    session.connection().execute(update(SignIn).where(col(SignIn.expires_at) > now).values(expires_at=now))
    delete_rows(session, SignInCode)
    pages = page_rows.of_all_served(session)
    since = backed_up_at - _DELIVERY_DELAY
    problem = PageProblem(RESTORED, facts={"since": since.isoformat()})
    for rows in pages:
        send_gate.shut(rows.send_state, RESTORED)
        rows.health.gap_since = min(rows.health.gap_since or since, since)
        rows.health.gap_read_until = None
        rows.page.provisioning_state, rows.health.problems = PROBLEM, [problem.shown()]
    session.flush()
    for rows in pages:
        page_id = rows.page.page_id
        append_page_event(session, FactKind.PAGE_RESTORED, page_id, now, {"since": since.isoformat()})


@contextmanager
def _locked(files: Sequence[Path]) -> Iterator[None]:
    """Hold the write locks of all databases."""
    with ExitStack() as stack:
        for file in files:
            connection = stack.enter_context(closing(_open(file)))
            connection.execute("BEGIN IMMEDIATE")
            stack.callback(connection.execute, "ROLLBACK")
        yield


def _open(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None)
