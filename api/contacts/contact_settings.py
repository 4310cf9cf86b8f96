"""Fields of the business's own that contacts have, and the rules by which customers are identified."""

from typing import Annotated, Self

from fastapi import Path, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from api.http.dependencies import DatabaseDep
from api.http.fields import Flag, Input, Name, VariableName
from api.http.paging import CursorPage
from api.http.problem_docs import problems
from api.security.audit import record
from api.security.auth import Caller
from api.security.guarded_route import api_router
from base import clock
from domain.contacts.identification import MAX_RULES, IdentificationRule
from domain.contacts.keys import KeyKind
from domain.events.kinds import FactKind
from store.contacts import settings
from store.tables import ContactField

FieldName = Annotated[VariableName, Path()]

router = api_router("contacts")


class ContactFieldInput(Input):
    """What a field is called where people see it."""

    title: Name


class ContactFieldView(BaseModel):
    """A field of the business's own. `name` is what contacts and imports have it under."""

    name: str
    title: str

    @classmethod
    def of(cls, field: ContactField) -> Self:
        """The field as it is set."""
        return cls(name=field.name, title=field.title)


class ContactRuleInput(Input):
    """The context variable of this name holds an `email`, a `phone` or a `number`.

    `creates`: where no contact has it, a new one is made. Names of people identify nobody.
    """

    variable: VariableName
    key: KeyKind
    creates: Flag = False


class ContactRulesInput(Input):
    """All rules, in their order. Where two tell keys of one kind, a new contact gets the first."""

    rules: Annotated[list[ContactRuleInput], Field(max_length=MAX_RULES)]


class ContactRulesView(BaseModel):
    """The rules by which customers are identified, in their order."""

    rules: list[ContactRuleInput]

    @classmethod
    def of(cls, rules: list[IdentificationRule]) -> Self:
        """The rules as they are set."""
        return cls(
            rules=[
                ContactRuleInput(variable=each.variable, key=each.key, creates=each.creates) for each in rules
            ]
        )


@router.get("/v1/contact-fields")
async def list_contact_fields(database: DatabaseDep) -> CursorPage[ContactFieldView]:
    """The fields of the business's own that contacts have."""
    found = await database.read(settings.fields)
    return CursorPage(items=[ContactFieldView.of(each) for each in found], next_cursor=None)


@router.put("/v1/contact-fields/{field_name}", responses=problems("limit_reached"))
async def set_contact_field(
    database: DatabaseDep, caller: Caller, field_name: FieldName, body: ContactFieldInput
) -> ContactFieldView:
    """Add a field, or give it another title. There may be 50."""

    def work(session: Session) -> ContactFieldView:
        view = ContactFieldView.of(settings.set_field(session, field_name, body.title, clock.now()))
        session.flush()
        record(session, caller, FactKind.CONTACT_FIELD_SET, field=field_name)
        return view

    return await database.write(work)


@router.delete("/v1/contact-fields/{field_name}", status_code=204, responses=problems("not_found"))
async def delete_contact_field(database: DatabaseDep, caller: Caller, field_name: FieldName) -> Response:
    """Delete a field with what all contacts have in it.

    Of many contacts one part after the other: where that was broken off, ask again.
    """

    def work(session: Session) -> bool:
        is_gone = settings.delete_field(session, field_name)
        if is_gone:
            session.flush()
            record(session, caller, FactKind.CONTACT_FIELD_DELETED, field=field_name)
        return is_gone

    while not await database.write(work):
        pass
    return Response(status_code=204)


@router.get("/v1/contact-rules")
async def get_contact_rules(database: DatabaseDep) -> ContactRulesView:
    """The rules by which customers are identified."""
    return ContactRulesView.of(await database.read(settings.rules))


@router.put("/v1/contact-rules")
async def set_contact_rules(
    database: DatabaseDep, caller: Caller, body: ContactRulesInput
) -> ContactRulesView:
    """Let these be all rules. They act when the context variables of a conversation are set or changed.

    A customer who is not linked is linked to the contact that has one of the keys, if there is exactly one.
    Where several have them, nobody is linked. What an agent has linked or unlinked stays.
    """

    def work(session: Session) -> ContactRulesView:
        wanted = [IdentificationRule(each.variable, each.key, each.creates) for each in body.rules]
        settings.set_rules(session, wanted)
        record(session, caller, FactKind.CONTACT_RULES_SET)
        return ContactRulesView.of(settings.rules(session))

    return await database.write(work)
