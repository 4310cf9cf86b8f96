"""Contacts: the people in the business's own books."""

from typing import Annotated, Self

from fastapi import Query, Response
from pydantic import AfterValidator, Field, StringConstraints, model_validator
from sqlmodel import Session
from starlette.requests import Request

from api.contacts.views import ContactView, view, views
from api.http.dependencies import DatabaseDep, SettingsDep
from api.http.fields import (
    STORABLE,
    Id,
    Input,
    Instant,
    OptionalIdempotencyKey,
    PathId,
    SearchText,
    VariableName,
)
from api.http.paging import Cursor, CursorOf, CursorPage, Limit
from api.http.problem_docs import problems
from api.http.slow_reads import LongReadsDep
from api.security.audit import record
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from api.security.idempotency import once
from base import clock
from base.ids import new_id
from domain.contacts.contacts import MAX_FIELDS, MAX_NAME_LENGTH, MAX_VALUE_LENGTH, ContactContent
from domain.contacts.keys import Key, KeyKind, key_of
from domain.events.kinds import FactKind
from store.access.idempotency import create_once
from store.access.visibility import refuse_unseen
from store.contacts import contacts
from store.contacts.contacts import ContactFilter
from store.db.ranges import Span


def _email(value: str) -> str:
    if key_of(KeyKind.EMAIL, value) is None:
        raise ValueError("This is no e-mail address.")
    return value


def _phone(value: str) -> str:
    if key_of(KeyKind.PHONE, value) is None:
        raise ValueError("This is no telephone number: 5 to 20 digits, perhaps with + or 00 before them.")
    return value


def _text(most: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=most)


ContactName = Annotated[str, _text(MAX_NAME_LENGTH), STORABLE]
EmailAddress = Annotated[str, _text(254), STORABLE, AfterValidator(_email)]
PhoneNumber = Annotated[str, _text(50), STORABLE, AfterValidator(_phone)]
BusinessNumber = Annotated[str, _text(100), STORABLE]
FieldValue = Annotated[str, _text(MAX_VALUE_LENGTH), STORABLE]

_BY_NEWEST = CursorOf("contacts", tuple[Instant, Id])

router = api_router("contacts")


class ContactInput(Input):
    """All that is to be known of a contact: at least a name, an e-mail address, a telephone or other number.

    `number` is the business's own, such as a customer number. `fields` are the business's own, too.
    """

    name: ContactName | None = None
    email: EmailAddress | None = None
    phone: PhoneNumber | None = None
    number: BusinessNumber | None = None
    fields: Annotated[dict[VariableName, FieldValue], Field(max_length=MAX_FIELDS, default_factory=dict)]

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        if self.content.is_empty:
            raise ValueError("A contact needs a name, an e-mail address, a telephone number or a number.")
        return self

    @property
    def content(self) -> ContactContent:
        """The contact as the store has it."""
        return ContactContent(self.name, self.email, self.phone, self.number, self.fields)


class MergeInput(Input):
    """The contact that is to become one with the one in the address, and is gone then."""

    contact_id: Id


@router.get("/v1/contacts", responses=problems("invalid_cursor", "too_many_requests", "read_too_slow"))
async def list_contacts(
    request: Request,
    long_reads: LongReadsDep,
    caller: Caller,
    *,
    q: Annotated[
        SearchText | None,
        Query(
            description="Words of the name, the keys and the fields; the last may be the beginning of one."
        ),
    ] = None,
    email: EmailAddress | None = None,
    phone: PhoneNumber | None = None,
    number: BusinessNumber | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> CursorPage[ContactView]:
    """Contacts, the newest first: those of customers whose threads you see, and those of no customer."""
    asked = ((KeyKind.EMAIL, email), (KeyKind.PHONE, phone), (KeyKind.NUMBER, number))
    keys: tuple[Key, ...] = tuple((kind, key) for kind, each in asked if (key := key_of(kind, each)))
    wanted, before, reader = ContactFilter(q, keys), _BY_NEWEST.read(cursor), caller.reader

    def load(session: Session) -> CursorPage[ContactView]:
        span = Span(limit + 1, newest_first=True, before=before)
        found = contacts.listed(session, wanted, reader, span)
        shown = {each.id: each for each in views(session, found[:limit], reader)}
        return _BY_NEWEST.page(found, limit, lambda each: shown[each.contact.id], contacts.place_of)

    return await long_reads.read_if(q is not None, request, caller.agent_id, load)


@router.post("/v1/contacts", status_code=201, responses=problems("idempotency_key_reused"))
async def create_contact(
    settings: SettingsDep,
    database: DatabaseDep,
    caller: Caller,
    *,
    body: ContactInput,
    idempotency_key: OptionalIdempotencyKey = None,
) -> ContactView:
    """Add a contact. Another one may have the same keys; rules then identify neither."""
    wanted = once(settings.vault, caller, idempotency_key, "create_contact", body)

    def create(session: Session, contact_id: str) -> None:
        contacts.add(session, contact_id, body.content, clock.now())
        _record(session, caller, FactKind.CONTACT_CREATED, contact_id)

    def work(session: Session) -> ContactView:
        fresh = new_id()
        contact_id = create_once(session, wanted, fresh, lambda: create(session, fresh), clock.now())
        return view(session, contact_id, caller.reader)

    return await database.write(work)


@router.get("/v1/contacts/{contact_id}", responses=problems("not_found"))
async def get_contact(database: DatabaseDep, caller: Caller, contact_id: PathId) -> ContactView:
    """One contact."""
    return await database.read(lambda s: view(s, contact_id, caller.reader))


@router.put("/v1/contacts/{contact_id}", responses=problems("not_found"))
async def change_contact(
    database: DatabaseDep, caller: Caller, contact_id: PathId, body: ContactInput
) -> ContactView:
    """Let this be all that is known of the contact."""

    def work(session: Session) -> ContactView:
        contacts.change(session, contact_id, body.content, clock.now())
        _record(session, caller, FactKind.CONTACT_CHANGED, contact_id)
        return view(session, contact_id, caller.reader)

    return await database.write(work)


@router.delete("/v1/contacts/{contact_id}", status_code=204, responses=problems("not_found"))
async def delete_contact(database: DatabaseDep, caller: Caller, contact_id: PathId) -> Response:
    """Delete a contact. Its customers and their conversations stay, linked to nobody."""

    def work(session: Session) -> None:
        contacts.delete(session, contact_id)
        _record(session, caller, FactKind.CONTACT_DELETED, contact_id)

    await database.write(work)
    return Response(status_code=204)


@router.post("/v1/contacts/{contact_id}/merge", responses=problems("not_found"))
async def merge_contacts(
    database: DatabaseDep, caller: Caller, contact_id: PathId, body: MergeInput
) -> ContactView:
    """Make another contact one with this one. It cannot be undone.

    Customers of both are linked to this one, which keeps what it says and takes from the other what it does
    not say; the other is gone.
    """

    def work(session: Session) -> ContactView:
        refuse_unseen(session, caller.reader, "contact_id", body.contact_id)
        contacts.merge_into(session, contact_id, body.contact_id, clock.now())
        record(
            session, caller, FactKind.CONTACT_MERGED, contact_id=contact_id, merged_contact_id=body.contact_id
        )
        return view(session, contact_id, caller.reader)

    return await database.write(work)


def _record(session: Session, caller: Principal, kind: FactKind, contact_id: str) -> None:
    record(session, caller, kind, contact_id=contact_id)
