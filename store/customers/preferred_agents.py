"""Who a customer is best served by, as people have set it."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from domain.routing.field_errors import FieldError
from store.db.refusals import InvalidFieldsError, not_found
from store.db.sql import delete_rows
from store.tables import Agent, Customer, PreferredAgent

MAX_PREFERRED_AGENTS = 10


def get(session: Session, customer_id: str) -> list[str]:
    """The ids of the agents, the best first; refused as `not_found`."""
    _customer(session, customer_id)
    ranked = select(PreferredAgent.agent_id).where(PreferredAgent.customer_id == customer_id)
    return list(session.exec(ranked.order_by(col(PreferredAgent.rank), col(PreferredAgent.agent_id))))


def set_all(session: Session, customer_id: str, agent_ids: Sequence[str]) -> Customer:
    """Let these be all of them, the best first. It holds from the customer's next routing on.

    Raises InvalidFieldsError where one is named twice, or is no agent.
    """
    customer = _customer(session, customer_id)
    known = set(session.exec(select(Agent.id).where(col(Agent.id).in_(agent_ids))))
    errors = []
    for place, agent_id in enumerate(agent_ids):
        if agent_id not in known:
            errors.append(FieldError(f"agent_ids.{place}", "unknown_agent", "There is no such agent."))
        elif agent_id in agent_ids[:place]:
            errors.append(FieldError(f"agent_ids.{place}", "duplicate", "This agent is named twice."))
    if errors:
        raise InvalidFieldsError(errors)
    delete_rows(session, PreferredAgent, col(PreferredAgent.customer_id) == customer_id)
    session.add_all(
        PreferredAgent(customer_id=customer_id, agent_id=agent_id, rank=rank)
        for rank, agent_id in enumerate(agent_ids)
    )
    session.flush()
    return customer


def _customer(session: Session, customer_id: str) -> Customer:
    customer = session.get(Customer, customer_id)
    if customer is None or customer.erasure_id is not None:
        raise not_found("customer", customer_id)
    return customer
