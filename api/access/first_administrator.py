"""Signing in with a code: its holder becomes administrator, with an address and a password of theirs."""

from sqlmodel import Session

from api.http.problems import Problem
from api.security.audit import record_as
from base import clock
from base.ids import new_id
from domain.access.roles import Role
from domain.events.kinds import FactKind
from store.access import agents, first_administrator
from store.access.credentials import agent_by_email
from store.routing.agent_states import RoutingWrites
from store.routing.agents import follow_change
from store.routing.configuration import note_change
from store.routing.members import enrol_agent
from store.tables import Agent

NAME = "Administrator"
"""What they are called until somebody changes it."""


def become_administrator(
    session: Session, writes: RoutingWrites, code_digest: str, email: str, password_hash: str
) -> Agent:
    """Use the code up, and make its holder an active administrator with this address and password.

    Who has the address keeps their name and their keys. Refused as `invalid_code`, changing nothing.
    """
    if not first_administrator.use_code(session, code_digest, clock.process_now()):
        raise Problem("invalid_code")
    now, role = clock.now(), Role.ADMIN.value
    agent = agent_by_email(session, email)
    if agent is None:
        agent = agents.add(
            session, id=new_id(), name=NAME, email=email, role=role, password_hash=password_hash, at=now
        )
        enrol_agent(session, agent.id, role, writes, now)
        told = FactKind.AGENT_CREATED
    else:
        former_role = agent.role
        agent = agents.change(
            session, agent.id, {"role": role, "active": True, "password_hash": password_hash}, now
        )
        follow_change(session, agent, former_role, writes, now)
        told = FactKind.AGENT_RESTORED
    note_change(session)
    cause = {"role": role} if told is FactKind.AGENT_CREATED else {"cause": "code"}
    record_as(session, agent.id, told, agent_id=agent.id, **cause)
    return agent
