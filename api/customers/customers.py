"""Customers: people on pages, and the erasure of what is kept of them."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import Query
from pydantic import BaseModel
from sqlmodel import Session
from starlette.requests import Request

from api.http.dependencies import DatabaseDep, SettingsDep
from api.http.fields import Digits, Id, Instant, OptionalIdempotencyKey, PathId, SearchText
from api.http.paging import Cursor, CursorOf, CursorPage, Limit
from api.http.problem_docs import problems
from api.http.slow_reads import LongReadsDep
from api.privacy.status_url import status_url
from api.schemas.views import CustomerListView, CustomerView
from api.security.audit import record
from api.security.auth import Caller
from api.security.guarded_route import api_router
from base import clock
from base.settings import Settings
from domain.events.kinds import FactKind
from store.access.idempotency import Once, create_once, request_hash
from store.customers import customers
from store.customers.customers import CustomerFilter
from store.db.ranges import Span
from store.db.refusals import not_found
from store.privacy import erasures
from store.privacy.erasures import AskedBy, ErasureStatus, Outcome
from store.tables import Erasure

_BY_NEWEST = CursorOf("customers", tuple[Instant, Id])
_BY_REQUEST = CursorOf("erasures", tuple[Instant, Id])

router = api_router("customers")


class ErasureView(BaseModel):
    """An erasure: the audit line of who asked for it, when, and how much was erased. It names nobody.

    `asked_by`: `agent`, or `meta` for a person's own request by Meta's callback. `customers` is how many were
    found, null while that is not known. `counts` tells rows by table, emptied events of the inbox
    (`inbox_event`), stored `files` and `histories` of Temporal. `status_url` is the public page
    that shows the person how it stands.
    """

    id: str
    status: ErasureStatus
    asked_by: AskedBy
    agent_id: str | None
    account_id: str | None
    requested_at: datetime
    done_at: datetime | None
    customers: int | None
    outcome: Outcome | None
    counts: dict[str, int]
    confirmation_code: str
    status_url: str

    @classmethod
    def of(cls, settings: Settings, erasure: Erasure) -> Self:
        """The erasure as it stands."""
        return cls(
            id=erasure.id,
            status=ErasureStatus(erasure.status),
            asked_by=AskedBy(erasure.asked_by),
            agent_id=erasure.agent_id,
            account_id=erasure.account_id,
            requested_at=erasure.requested_at,
            done_at=erasure.done_at,
            customers=erasure.customers,
            outcome=Outcome(erasure.outcome) if erasure.outcome else None,
            counts=erasure.counts,
            confirmation_code=erasure.code,
            status_url=status_url(settings, erasure),
        )


@router.get("/v1/customers", responses=problems("invalid_cursor", "too_many_requests", "read_too_slow"))
async def list_customers(
    request: Request,
    long_reads: LongReadsDep,
    caller: Caller,
    *,
    page_id: Digits | None = None,
    psid: Annotated[Digits | None, Query(description="Meta's page-scoped id.")] = None,
    q: Annotated[
        SearchText | None, Query(description="Words of the name; the last may be the beginning of one.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> CursorPage[CustomerListView]:
    """Customers, those first who wrote for the first time most recently."""
    span = Span(limit + 1, newest_first=True, before=_BY_NEWEST.read(cursor))
    wanted = CustomerFilter(page_id, psid, q)
    found = await long_reads.read_if(
        q is not None, request, caller.agent_id, lambda s: customers.listed(s, wanted, caller.reader, span)
    )
    return _BY_NEWEST.page(found, limit, CustomerListView.of, customers.place_of)


@router.get("/v1/customers/{customer_id}", responses=problems("not_found"))
async def get_customer(database: DatabaseDep, customer_id: PathId) -> CustomerView:
    """One customer: a person on a page."""
    record = await database.read(lambda s: customers.find(s, customer_id))
    if record is None:
        raise not_found("customer", customer_id)
    return CustomerView.of_record(record, clock.now())


@router.post(
    "/v1/customers/{customer_id}/erase",
    status_code=202,
    responses=problems("not_found", "idempotency_key_reused"),
)
async def erase_customer(
    settings: SettingsDep,
    database: DatabaseDep,
    caller: Caller,
    customer_id: PathId,
    idempotency_key: OptionalIdempotencyKey = None,
) -> ErasureView:
    """Erase everything that is kept of a customer. It cannot be undone.

    From this moment nothing more is sent to them; what waits to be sent is cancelled. The rest is done in the
    background: see the erasure. Asked for again, also after it is done, it is the same erasure. Should the
    person write again, they are a new customer.
    """
    wanted = Once(caller.agent_id, idempotency_key, request_hash("erase_customer", customer_id))
    erasure_id = erasures.id_of_customer(customer_id)

    def request(session: Session) -> None:
        known = session.get(Erasure, erasure_id) is not None
        vault, agent_id = settings.vault, caller.agent_id
        erasures.request_for_customer(session, vault, customer_id, agent_id=agent_id, at=clock.now())
        if not known:
            record(session, caller, FactKind.ERASURE_REQUESTED, erasure_id=erasure_id)

    def work(session: Session) -> ErasureView:
        create_once(session, wanted, erasure_id, lambda: request(session), clock.now())
        return ErasureView.of(settings, session.get_one(Erasure, erasure_id))

    return await database.write(work)


@router.get("/v1/erasures", responses=problems("invalid_cursor"))
async def list_erasures(
    settings: SettingsDep, database: DatabaseDep, cursor: Cursor = None, limit: Limit = 50
) -> CursorPage[ErasureView]:
    """All erasures, the newest first."""
    after = _BY_REQUEST.read(cursor)
    found = await database.read(lambda s: erasures.listed(s, after=after, limit=limit + 1))
    return _BY_REQUEST.page(
        found, limit, lambda each: ErasureView.of(settings, each), lambda each: (each.requested_at, each.id)
    )


@router.get("/v1/erasures/{erasure_id}", responses=problems("not_found"))
async def get_erasure(settings: SettingsDep, database: DatabaseDep, erasure_id: PathId) -> ErasureView:
    """One erasure, while it is under way and ever after."""
    erasure = await database.read(lambda s: s.get(Erasure, erasure_id))
    if erasure is None:
        raise not_found("erasure", erasure_id)
    return ErasureView.of(settings, erasure)
