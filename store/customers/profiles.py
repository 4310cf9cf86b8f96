"""Who a customer is, as Meta tells it: when to ask, and what to keep.

Meta is asked after the customer did something, once, and again at most every `REFRESH`: pictures' addresses
expire and names change. Who stays silent is not asked for.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from store.events.events import append_events, event_row
from store.search import texts as search_texts
from store.tables import Customer

REFRESH = timedelta(days=7)
CLAIM = timedelta(minutes=10)
"""So long a customer belongs to the process that asks; should that die, another asks then."""

_MAX_CHARACTERS = 300
_MAX_ADDRESS_LENGTH = 2000


@dataclass(frozen=True, slots=True, repr=False)
class Wanted:
    """A customer whom Meta is to be asked about."""

    customer_id: str
    page_id: str
    psid: str
    tries: int


def want(customer: Customer, at: datetime) -> None:
    """The customer did something at `at`: have Meta asked, unless that is due or was done lately."""
    asked = customer.profile_asked_at
    if customer.profile_due_at is None and (asked is None or at - asked >= REFRESH):
        customer.profile_due_at = at


def are_due(session: Session, now: datetime, *, but: Collection[str]) -> bool:
    """Whether there is anything to claim. Asked every second, so it must not wait for the one writer."""
    return session.exec(_due(now, but).limit(1)).first() is not None


def claim(session: Session, now: datetime, *, but: Collection[str], limit: int) -> list[Wanted]:
    """Take some of the customers that are due, at most `limit` of one page, none of the pages `but`."""
    due = col(Customer.profile_due_at) <= now
    taken = []
    for page_id in session.exec(_due(now, but).distinct()).all():
        rows = session.exec(
            select(Customer)
            .where(due, Customer.page_id == page_id, col(Customer.erasure_id).is_(None))
            .order_by(col(Customer.profile_due_at))
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        for row in rows:
            row.profile_due_at = now + CLAIM
            taken.append(Wanted(row.id, row.page_id, row.psid, row.profile_tries))
    session.flush()
    return taken


def claim_one(session: Session, customer_id: str, now: datetime) -> Wanted | None:
    """Take this customer, if they are due and nobody has taken them."""
    row = session.get(Customer, customer_id, with_for_update=True, populate_existing=True)
    if row is None or row.erasure_id is not None or row.profile_due_at is None or row.profile_due_at > now:
        return None
    row.profile_due_at = now + CLAIM
    return Wanted(row.id, row.page_id, row.psid, row.profile_tries)


def is_being_asked(session: Session, customer_id: str, now: datetime) -> bool:
    """Whether Meta is about to be asked about the customer for the first time, or is being asked.

    What failed once is put off, and not waited for.
    """
    row = session.get(Customer, customer_id)
    return (
        row is not None
        and row.profile_due_at is not None
        and row.profile_asked_at is None
        and not row.profile_tries
        and row.profile_due_at <= now + CLAIM
    )


def keep(session: Session, customer_id: str, told: Mapping[str, str], now: datetime) -> None:
    """Keep what Meta told, by the names of its fields. What it does not tell stays as it was known."""
    customer = _asked(session, customer_id, now)
    if customer is None:
        return
    customer.profile_error = None if told else "empty_profile"
    known = {name: value.replace("\x00", "")[:_MAX_CHARACTERS].strip() for name, value in told.items()}
    first, last = known.get("first_name", ""), known.get("last_name", "")
    picture = told.get("profile_pic", "")
    values = {
        "first_name": first,
        "last_name": last,
        "name": known.get("name") or f"{first} {last}".strip(),
        "picture_url": picture
        if picture.startswith(("https://", "http://")) and len(picture) <= _MAX_ADDRESS_LENGTH
        else "",
        "locale": known.get("locale", ""),
        "timezone": known.get("timezone", ""),
    }
    changed = [name for name, value in values.items() if value and getattr(customer, name) != value]
    for name in changed:
        setattr(customer, name, values[name])
    session.flush()
    if "name" in changed:
        search_texts.replace_name(session, customer)
    if changed:
        fact = Fact(FactKind.CUSTOMER_PROFILE_CHANGED, now, ActorKind.SYSTEM)
        append_events(session, [event_row(fact, customer.page_id, customer.id, None)])


def remember_error(session: Session, customer_id: str, reason: str, now: datetime) -> None:
    """Meta tells nothing about this customer: do not ask again before `REFRESH`."""
    customer = _asked(session, customer_id, now)
    if customer is not None:
        customer.profile_error = reason


def postpone(session: Session, customer_id: str, until: datetime, *, tried: bool) -> None:
    """Ask again at an instant. `tried`: whether it counts as a failed try."""
    customer = session.get(Customer, customer_id)
    if customer is not None:
        customer.profile_due_at = until
        customer.profile_tries += tried


def _due(now: datetime, but: Collection[str]) -> SelectOfScalar[str]:
    return select(Customer.page_id).where(
        col(Customer.profile_due_at) <= now, col(Customer.page_id).not_in(but)
    )


def _asked(session: Session, customer_id: str, now: datetime) -> Customer | None:
    customer = session.get(Customer, customer_id)
    if customer is None or customer.erasure_id is not None:
        return None
    customer.profile_due_at = None
    customer.profile_asked_at = now
    customer.profile_tries = 0
    return customer
