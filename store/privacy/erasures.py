"""Requests to erase a person's data: asked for by an agent over the API, or by the person through Meta.

A request is a row. The worker starts its workflow (`background.erasure_starter`), which works it off step by
step; what
the steps must remember of the person lies sealed in the row and goes at the end.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from base.ids import id_from_key
from base.secret_scopes import erased_person_place
from base.secrets import Vault
from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from domain.sending.delivery import MessageStatus
from store.conversations.messages import settle
from store.db.ranges import Span, cut
from store.db.refusals import not_found
from store.db.sql import insert_or_ignore
from store.events.events import append_events, event_row
from store.tables import Account, Customer, Erasure, Message, Page

CUSTOMER_ERASED = "customer_erased"
"""The reason of a message that was cancelled because its customer is being erased."""

_KEY = (col(Erasure.requested_at), col(Erasure.id))
_NOT_BEGUN = (MessageStatus.QUEUED.value, MessageStatus.HELD.value)


class AskedBy(StrEnum):
    """Who wants it."""

    AGENT = "agent"
    META = "meta"


class ErasureStatus(StrEnum):
    """How far it is."""

    REQUESTED = "requested"
    RUNNING = "running"
    DONE = "done"


class Outcome(StrEnum):
    """How it ended.

    NOBODY_FOUND: nothing here belongs to the id. NOT_MATCHED: Meta did not tell whose id it is.
    """

    ERASED = "erased"
    NOBODY_FOUND = "nobody_found"
    NOT_MATCHED = "not_matched"


@dataclass(frozen=True, slots=True, repr=False)
class Target:
    """One customer that is to be erased, by Meta's ids and ours.

    What else is remembered: `store.privacy.delete_customer`.
    """

    page_id: str
    customer_id: str
    psid: str
    positions: dict[str, int]
    late_files: list[str]


def request_for_customer(
    session: Session, vault: Vault, customer_id: str, *, agent_id: str, at: datetime
) -> Erasure:
    """The erasure of a customer, the same however often it is asked for; refused as `not_found`."""
    known = session.get(Erasure, id_of_customer(customer_id))
    if known is not None:
        return known
    customer = session.get(Customer, customer_id)
    if customer is None:
        raise not_found("customer", customer_id)
    erasure = _insert(
        session,
        {
            "id": id_of_customer(customer_id),
            "code": vault.fingerprint(customer_id, "erasure of customer"),
            "asked_by": AskedBy.AGENT.value,
            "agent_id": agent_id,
        },
        at,
    )
    mark(session, vault, erasure, [customer], at)
    return erasure


def request_from_meta(
    session: Session, vault: Vault, account_id: str, user_id: str, *, issued_at: datetime, at: datetime
) -> Erasure:
    """The erasure that a person asks for by Meta's callback, under the app-scoped id `user_id`.

    The same person gets the same code for ever; asking anew after it was done has it done anew.
    """
    code = vault.fingerprint(f"{account_id}/{user_id}", "data deletion request")
    erasure_id = id_from_key("data deletion request", code)
    subject = vault.seal(user_id, erased_person_place(erasure_id))
    kept = session.get(Erasure, erasure_id)
    if kept is None:
        return _insert(
            session,
            {
                "id": erasure_id,
                "code": code,
                "asked_by": AskedBy.META.value,
                "account_id": account_id,
                "subject": subject,
                "issued_at": issued_at,
            },
            at,
        )
    if kept.status == ErasureStatus.DONE and kept.issued_at is not None and issued_at > kept.issued_at:
        kept.subject, kept.issued_at, kept.requested_at = subject, issued_at, at
        kept.status, kept.customers, kept.outcome, kept.done_at = ErasureStatus.REQUESTED, None, None, None
        kept.counts = {}
        session.flush()
    return kept


def mark(
    session: Session, vault: Vault, erasure: Erasure, customers: Iterable[Customer], at: datetime
) -> None:
    """Name the customers of an erasure. From here on nothing more is sent to them."""
    place = erased_person_place(erasure.id)
    erasure.targets = [
        {"page_id": each.page_id, "customer_id": each.id, "psid": vault.seal(each.psid, place)}
        for each in customers
    ]
    known_by = {_fingerprint(vault, each.page_id, each.psid) for each in customers}
    erasure.fingerprints = sorted(known_by.union(erasure.fingerprints))
    erasure.customers = len(erasure.targets)
    for customer in customers:
        customer.erasure_id = erasure.id
    session.flush()
    _cancel_what_waits(session, [each.id for each in customers], at)


def targets_of(session: Session, vault: Vault, erasure_id: str) -> list[Target]:
    """The customers of an erasure; none once it is done."""
    place = erased_person_place(erasure_id)
    return [
        Target(
            each["page_id"],
            each["customer_id"],
            vault.open(each["psid"], place),
            each.get("positions", {}),
            each.get("late_files", []),
        )
        for each in session.get_one(Erasure, erasure_id).targets
    ]


def asked_for_since(
    session: Session, vault: Vault, page_id: str, psids: Iterable[str], since: datetime
) -> dict[str, datetime]:
    """Who of these was to be erased at or after `since`, and when that was last asked for."""
    fingerprints = {_fingerprint(vault, page_id, psid): psid for psid in psids}
    recent = select(Erasure).where(col(Erasure.requested_at) >= since).order_by(col(Erasure.requested_at))
    return {
        fingerprints[each]: erasure.requested_at
        for erasure in session.exec(recent)
        for each in erasure.fingerprints
        if each in fingerprints
    }


def by_code(session: Session, code: str) -> Erasure | None:
    """The request that a confirmation code belongs to."""
    return session.exec(select(Erasure).where(Erasure.code == code)).first()


def listed(session: Session, *, after: tuple[datetime, str] | None, limit: int) -> list[Erasure]:
    """Erasures, the newest first."""
    span = Span(limit, newest_first=True, before=after)
    return list(session.scalars(cut(sql_select(Erasure), _KEY, span)))


def unfinished(session: Session, *statuses: ErasureStatus) -> list[str]:
    """The ids of erasures in these states, the oldest first."""
    waiting = select(Erasure.id).where(col(Erasure.status).in_(statuses))
    return list(session.exec(waiting.order_by(col(Erasure.requested_at))))


def begin(session: Session, erasure_id: str) -> Erasure:
    """Note that the workflow is at work."""
    erasure = session.get_one(Erasure, erasure_id, with_for_update=True)
    if erasure.status == ErasureStatus.REQUESTED:
        erasure.status = ErasureStatus.RUNNING
    return erasure


def customers_of_account(
    session: Session, account_id: str, people: Iterable[tuple[str | None, str]]
) -> list[Customer]:
    """The customers that these (page, PSID) name on pages of the account; page None: on whichever page."""
    wanted = list(people)
    rows = session.exec(
        select(Customer)
        .join(Page, col(Page.page_id) == col(Customer.page_id))
        .where(Page.account_id == account_id, col(Customer.psid).in_([psid for _, psid in wanted]))
    )
    return [row for row in rows if (row.page_id, row.psid) in wanted or (None, row.psid) in wanted]


def add_counts(session: Session, erasure_id: str, counts: dict[str, int]) -> None:
    """Add to what the audit line tells of how much was erased."""
    erasure = session.get_one(Erasure, erasure_id, with_for_update=True)
    total = {name: erasure.counts.get(name, 0) + number for name, number in counts.items()}
    erasure.counts = erasure.counts | {name: number for name, number in total.items() if number}


def note_histories(session: Session, erasure_id: str, customer_id: str, run_ids: list[str]) -> None:
    """Remember which runs were deleted: Temporal goes on showing them for a while."""
    erasure = session.get_one(Erasure, erasure_id, with_for_update=True)
    erasure.targets = [
        each | {"run_ids": sorted({*each.get("run_ids", ()), *run_ids})}
        if each["customer_id"] == customer_id
        else each
        for each in erasure.targets
    ]


def finish(session: Session, erasure_id: str, at: datetime) -> None:
    """Leave the audit line alone: whoever asked, when, and how much it was."""
    erasure = session.get_one(Erasure, erasure_id, with_for_update=True)
    if erasure.status == ErasureStatus.DONE:
        return
    targets = erasure.targets
    if erasure.outcome is None:
        erasure.outcome = Outcome.ERASED if targets else Outcome.NOBODY_FOUND
    erasure.status, erasure.done_at = ErasureStatus.DONE, at
    if histories := sum(len(each.get("run_ids", ())) for each in targets):
        erasure.counts = erasure.counts | {"histories": histories}
    erasure.subject, erasure.targets = None, []
    session.flush()
    actor = ActorKind.AGENT if erasure.agent_id else ActorKind.SYSTEM
    fact = Fact(CUSTOMER_ERASED_EVENT, at, actor, erasure.agent_id, data={"erasure_id": erasure_id})
    append_events(
        session,
        [
            event_row(fact, each["page_id"], each["customer_id"], f"erased/{each['customer_id']}")
            for each in targets
        ],
    )


def seal_anew(session: Session, vault: Vault, at: datetime) -> list[str]:
    """Seal with a new master key what unfinished erasures must remember, as far as it is known otherwise.

    The PSIDs come from the customers that are still there. Returns the ids of those that remain incomplete:
    a customer was deleted already, and their words in the inbox can be found no more; or the person was not
    identified yet, and the request ends as `not_matched`.
    """
    incomplete = []
    unfinished_ones = select(Erasure).where(Erasure.status != ErasureStatus.DONE).with_for_update()
    for erasure in session.exec(unfinished_ones.order_by(col(Erasure.id))).all():
        place = erased_person_place(erasure.id)
        customers = {
            each["customer_id"]: session.get(Customer, each["customer_id"]) for each in erasure.targets
        }
        targets = [
            each | {"psid": vault.seal(customer.psid, place)}
            for each in erasure.targets
            if (customer := customers[each["customer_id"]]) is not None
        ]
        is_unidentified = erasure.subject is not None and erasure.customers is None
        if is_unidentified or len(targets) < len(erasure.targets):
            incomplete.append(erasure.id)
        erasure.targets, erasure.subject = targets, None
        known_by = {_fingerprint(vault, each.page_id, each.psid) for each in customers.values() if each}
        erasure.fingerprints = sorted(known_by.union(erasure.fingerprints))
        if is_unidentified:
            erasure.customers, erasure.outcome = 0, Outcome.NOT_MATCHED
            finish(session, erasure.id, at)
    return incomplete


CUSTOMER_ERASED_EVENT = FactKind.CUSTOMER_ERASED


def id_of_customer(customer_id: str) -> str:
    """The id of a customer's erasure: there is one."""
    return id_from_key("erasure of customer", customer_id)


def _fingerprint(vault: Vault, page_id: str, psid: str) -> str:
    return vault.fingerprint(f"{page_id}/{psid}", "erased person")


def _insert(session: Session, values: dict[str, Any], at: datetime) -> Erasure:
    row = {"status": ErasureStatus.REQUESTED.value, "requested_at": at}
    empty: dict[str, Any] = {"targets": [], "fingerprints": [], "counts": {}}
    insert_or_ignore(session, Erasure, [row | empty | values])
    return session.get_one(Erasure, values["id"])


def _cancel_what_waits(session: Session, customer_ids: list[str], at: datetime) -> None:
    # All rows are locked before the first event is written, in one order.
    waiting = session.exec(
        select(Message.id)
        .where(
            col(Message.customer_id).in_(customer_ids),
            Message.direction == "outbound",
            col(Message.status).in_(_NOT_BEGUN),
        )
        .order_by(col(Message.id))
        .with_for_update()
    ).all()
    for message_id in waiting:
        settle(session, message_id, MessageStatus.CANCELLED, at, reason=CUSTOMER_ERASED)


def account_of(session: Session, erasure: Erasure) -> Account | None:
    """The account whose app was asked; None where that is gone."""
    return session.get(Account, erasure.account_id) if erasure.account_id else None
