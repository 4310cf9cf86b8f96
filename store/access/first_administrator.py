"""The code by which somebody becomes administrator without being one: for the first, and if all are lost.

Whoever runs Pagedesk makes it on its machine. It is kept as its SHA-256, is used once, and lives by the
process clock. There is at most one: a new one takes the place of the last.
"""

from datetime import datetime, timedelta

from sqlmodel import Session, col

from store.access.agents import admins_who_can_come_in
from store.db.sql import delete_rows
from store.tables import SignInCode

CODE_PREFIX = "pdc"
CODE_LIFETIME = timedelta(hours=1)


def is_needed(session: Session, at: datetime, holds_token: str | None) -> bool:
    """Whether no administrator can come in. `holds_token`: the agent whose token is in the settings."""
    return not admins_who_can_come_in(session, at, holds_token)


def keep_code(session: Session, digest: str, process_now: datetime) -> None:
    """Keep a new code, by its digest, and forget the last one."""
    delete_rows(session, SignInCode)
    session.add(SignInCode(digest=digest, expires_at=process_now + CODE_LIFETIME))


def is_live(session: Session, digest: str, process_now: datetime) -> bool:
    """Whether the code with this digest can be used."""
    code = session.get(SignInCode, digest)
    return code is not None and code.expires_at > process_now


def use_code(session: Session, digest: str, process_now: datetime) -> bool:
    """Use a code up; whether it was there to be used. Of two who use it at once one succeeds."""
    live = (col(SignInCode.digest) == digest, col(SignInCode.expires_at) > process_now)
    return delete_rows(session, SignInCode, *live) == 1
