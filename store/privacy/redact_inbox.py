"""Emptying a person's events in the inbox: the one writing to it besides the committers'.

What stays is the key of the event, so that Meta's repetition of it is known and dropped instead of coming in
as something new; but keys that are made of the PSID, as those of receipts are, go too. Where the person is
only mentioned in an event of somebody else, only their id goes.
"""

import re
from dataclasses import dataclass

from sqlalchemy import ColumnElement, LargeBinary, bindparam, func, literal, or_, update
from sqlmodel import Session, col, select

from domain.events.channels import PAGEDESK_CHANNEL
from store.db.sql import table_of
from store.tables import InboxEvent

ERASED_CHANNEL = "erased"
"""The channel of an emptied event: of another than a repetition's, so that no conflict is seen."""

SCANNED_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True, repr=False)
class Trace:
    """An event that tells of the person. `raw`: what is to be left of it."""

    inbox_id: int
    raw: bytes
    key: str
    is_own: bool


def traces(
    session: Session, page_id: str, psid: str, positions: dict[str, int], *, after: int
) -> list[Trace]:
    """What is to be emptied among the `SCANNED_AT_ONCE` ids after `after`, as far as the relay has read.

    What comes after that is of somebody who wrote again, unless it is Pagedesk's own.
    """
    own = (col(InboxEvent.page_id) == page_id) & (col(InboxEvent.customer_psid) == psid)
    rows = session.exec(
        select(InboxEvent).where(
            col(InboxEvent.id) > after,
            col(InboxEvent.id) <= after + SCANNED_AT_ONCE,
            col(InboxEvent.page_id).in_((page_id, "")),
            or_(own, _holds(session, psid.encode())),
        )
    )
    mention = re.compile(rb"(?<![0-9])" + psid.encode() + rb"(?![0-9])")
    found = []
    for row in rows:
        inbox_id = row.id or 0
        if inbox_id > positions.get(str(row.partition), 0) and row.channel != PAGEDESK_CHANNEL:
            continue
        is_own = row.customer_psid in (None, psid)
        if row.customer_psid == psid or mention.search(row.raw):
            left = b"" if is_own else mention.sub(b"0", row.raw)
            of_psid = mention.search(row.event_key.encode())
            found.append(
                Trace(inbox_id, left, f"{ERASED_CHANNEL}:{inbox_id}" if of_psid else row.event_key, is_own)
            )
    return found


def empty(session: Session, found: list[Trace]) -> None:
    """Write what is to be left of them."""
    table = table_of(InboxEvent)
    mentioned = (
        update(table)
        .where(table.c.id == bindparam("of"))
        .values(raw=bindparam("to"), event_key=bindparam("key"))
    )
    owned = mentioned.values(
        channel=ERASED_CHANNEL, customer_psid=None, occurred_ms=None, conflict_ms=None, digest=b""
    )
    for statement, rows in (
        (owned, [e for e in found if e.is_own]),
        (mentioned, [e for e in found if not e.is_own]),
    ):
        if rows:
            values = [{"of": each.inbox_id, "to": each.raw, "key": each.key} for each in rows]
            session.connection().execute(statement, values)


def _holds(session: Session, needle: bytes) -> ColumnElement[bool]:
    value = literal(needle, LargeBinary)
    if session.get_bind().dialect.name == "postgresql":
        return func.position(value.op("IN")(col(InboxEvent.raw))) > 0
    return func.instr(col(InboxEvent.raw), value) > 0
