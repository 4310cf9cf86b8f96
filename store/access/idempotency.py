"""Creating something once per `Idempotency-Key`.

What is kept is the id of what was created, never its content: the answer to a repetition shows the resource
as it is now, and no secret lies in this table.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from base.ids import new_id
from store.db.refusals import RefusalReason, StoreRefusalError
from store.db.sql import insert_or_ignore
from store.tables import IdempotencyRecord


@dataclass(frozen=True, slots=True)
class Once:
    """Who asks, under which key (None: no repetition is expected), and for what.

    `request_hash`: the same for the same request, and of no use to whoever reads it.
    """

    principal_id: str
    key: str | None
    request_hash: str


def request_hash(operation: str, content: str) -> str:
    """What makes two requests the same. There must be no secret in `content`: the hash has no key."""
    return hashlib.sha256(f"{operation}\n{content}".encode()).hexdigest()


def create_once(session: Session, once: Once, id: str, create: Callable[[], None], at: datetime) -> str:  # noqa: A002 - the resource's id
    """Run `create` for the resource `id`, unless the key has created one already; returns the id to show."""
    if once.key is None:
        create()
        return id
    # Inserted first: on PostgreSQL the second of two at the same time waits here for the first.
    row = {
        "principal_id": once.principal_id,
        "key": once.key,
        "request_hash": once.request_hash,
        "body": {"id": id, "claim": new_id()},
        "created_at": at,
    }
    insert_or_ignore(session, IdempotencyRecord, [row])
    kept = session.get_one(IdempotencyRecord, (once.principal_id, once.key))
    if kept.request_hash != once.request_hash:
        raise StoreRefusalError(RefusalReason.IDEMPOTENCY_KEY_REUSED)
    if kept.body == row["body"]:
        create()
    return str(kept.body["id"])
