"""Preferred agents of a customer: who is asked first when they write."""

from typing import Annotated

from pydantic import BaseModel, Field
from sqlmodel import Session

from api.http.dependencies import DatabaseDep
from api.http.fields import Id, Input, PathId
from api.http.problem_docs import problems
from api.security.auth import Caller
from api.security.guarded_route import api_router
from base import clock
from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from store.customers import preferred_agents
from store.customers.preferred_agents import MAX_PREFERRED_AGENTS
from store.events.events import append_events, event_row

router = api_router("customers")


class PreferredAgentsInput(Input):
    """All preferred agents that the customer is to have, the best first; none is a choice, too."""

    agent_ids: Annotated[list[Id], Field(max_length=MAX_PREFERRED_AGENTS)]


class PreferredAgentsView(BaseModel):
    """The preferred agents of a customer, the best first."""

    customer_id: str
    agent_ids: list[str]


@router.get("/v1/customers/{customer_id}/preferred-agents", responses=problems("not_found"))
async def get_preferred_agents(database: DatabaseDep, customer_id: PathId) -> PreferredAgentsView:
    """Who this customer is best served by."""
    found = await database.read(lambda session: preferred_agents.get(session, customer_id))
    return PreferredAgentsView(customer_id=customer_id, agent_ids=found)


@router.put("/v1/customers/{customer_id}/preferred-agents", responses=problems("not_found"))
async def set_preferred_agents(
    database: DatabaseDep, caller: Caller, customer_id: PathId, body: PreferredAgentsInput
) -> PreferredAgentsView:
    """Let the customer have exactly these preferred agents.

    The next conversation that a `push` workstream routes is offered to them first, in this order, as far as
    they serve its queue and are connected. How long nobody else is asked says the workstream's
    `reservation_seconds`, and what follows its `after_reservation`.
    """

    def work(session: Session) -> PreferredAgentsView:
        customer = preferred_agents.set_all(session, customer_id, body.agent_ids)
        fact = Fact(
            FactKind.CUSTOMER_PREFERRED_AGENTS_SET,
            clock.now(),
            ActorKind.AGENT,
            caller.agent_id,
            data={"agent_ids": ",".join(body.agent_ids)},
        )
        append_events(session, [event_row(fact, customer.page_id, customer_id, None)])
        return PreferredAgentsView(customer_id=customer_id, agent_ids=body.agent_ids)

    return await database.write(work)
