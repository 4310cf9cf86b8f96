"""Which contact a customer is: by an agent, or by the rules that identify customers."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from base.ids import new_id
from domain.contacts.contacts import ContactContent
from domain.contacts.identification import identify, told_by
from domain.contacts.keys import KeyKind
from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from store.access.visibility import Reader, thread_is_seen
from store.contacts import contacts, settings
from store.db.refusals import not_found
from store.events.events import append_events, event_row
from store.tables import ContactLink, Conversation, Customer
from store.workstreams.context_variables import of_conversations


def contact_of(session: Session, customer_id: str) -> str | None:
    """The id of the contact that a customer is linked to."""
    link = session.get(ContactLink, customer_id)
    return link.contact_id if link is not None else None


def customers_of(session: Session, contact_ids: Collection[str], reader: Reader) -> dict[str, list[str]]:
    """The ids of the customers that are linked to these contacts, as far as the reader sees their threads."""
    linked = select(ContactLink).where(
        col(ContactLink.contact_id).in_(contact_ids), thread_is_seen(reader, col(ContactLink.customer_id))
    )
    found: dict[str, list[str]] = {each: [] for each in contact_ids}
    for row in session.scalars(linked.order_by(col(ContactLink.customer_id))):
        found[row.contact_id or ""].append(row.customer_id)
    return found


def link(session: Session, customer_id: str, contact_id: str, *, agent_id: str | None, at: datetime) -> None:
    """Let the customer be this contact, and no other. `agent_id`: who says so; None: a rule."""
    customer = _customer(session, customer_id)
    contacts.get(session, contact_id)
    _set(session, customer, contact_id, agent_id, at)


def unlink(session: Session, customer_id: str, *, agent_id: str, at: datetime) -> None:
    """Let the customer be no contact. Rules link them no more; an agent may."""
    _set(session, _customer(session, customer_id), None, agent_id, at)


def identify_by_context(session: Session, conversation: Conversation, at: datetime) -> None:
    """Link the conversation's customer to the contact that its variables name, if nobody is linked yet.

    What an agent has decided stays.
    """
    wanted = settings.rules(session)
    if not wanted or session.get(ContactLink, conversation.customer_id) is not None:
        return
    variables = of_conversations(session, [conversation.id]).get(conversation.id, {})
    told = told_by(wanted, variables)
    known = identify(told, contacts.with_any_key(session, told.keys))
    contact_id = known.contact_id
    if known.is_new:
        contact_id = new_id()
        customer = _customer(session, conversation.customer_id)
        written = dict(told.written)
        content = ContactContent(
            customer.name,
            written.get(KeyKind.EMAIL),
            written.get(KeyKind.PHONE),
            written.get(KeyKind.NUMBER),
        )
        contacts.add(session, contact_id, content, at)
    if contact_id is not None:
        link(session, conversation.customer_id, contact_id, agent_id=None, at=at)


def _set(
    session: Session, customer: Customer, contact_id: str | None, agent_id: str | None, at: datetime
) -> None:
    known = session.get(ContactLink, customer.id) or ContactLink(customer_id=customer.id, at=at)
    known.contact_id, known.agent_id, known.at = contact_id, agent_id, at
    session.add(known)
    session.flush()
    kind = FactKind.CUSTOMER_CONTACT_UNLINKED if contact_id is None else FactKind.CUSTOMER_CONTACT_LINKED
    actor = ActorKind.SYSTEM if agent_id is None else ActorKind.AGENT
    fact = Fact(kind, at, actor, agent_id, data={"contact_id": contact_id} if contact_id else {})
    append_events(session, [event_row(fact, customer.page_id, customer.id, None)])


def _customer(session: Session, customer_id: str) -> Customer:
    # Locked: an erasure that has begun ends first, or takes the link with it.
    customer = session.get(Customer, customer_id, with_for_update=True)
    if customer is None or customer.erasure_id is not None:
        raise not_found("customer", customer_id)
    return customer
