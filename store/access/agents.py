"""Agents: the people and machines that use the API."""

from datetime import datetime

from sqlmodel import Session, col, select

from store.access.credentials import end_all_sign_ins, holders_of_live_keys
from store.db.refusals import RefusalReason, StoreRefusalError, not_found
from store.db.sql import insert_or_ignore
from store.tables import Agent

ADMIN = "admin"


def get(session: Session, agent_id: str) -> Agent:
    """The agent, active or not; refused as `not_found`."""
    agent = session.get(Agent, agent_id)
    if agent is None:
        raise not_found("agent", agent_id)
    return agent


def add(
    session: Session,
    *,
    id: str,  # noqa: A002 - the column's name
    name: str,
    email: str | None,
    role: str,
    password_hash: str | None,
    at: datetime,
) -> Agent:
    """A new, active agent."""
    _refuse_taken_email(session, email)
    agent = Agent(id=id, name=name, email=email, role=role, password_hash=password_hash, created_at=at)
    session.add(agent)
    session.flush()
    return agent


def ensure_admin(session: Session, agent_id: str, name: str, at: datetime) -> bool:
    """Make the agent with this fixed id, an active admin. Whether it had been one that was not."""
    # Several processes may start at once.
    row = Agent(id=agent_id, name=name, role=ADMIN, created_at=at)
    insert_or_ignore(session, Agent, [row.model_dump()])
    agent = session.get_one(Agent, agent_id)
    if agent.active and agent.role == ADMIN:
        return False
    agent.active, agent.role = True, ADMIN
    return True


def change(
    session: Session,
    agent_id: str,
    changes: dict[str, str | bool | None],
    at: datetime,
    *,
    holds_token: str | None = None,
) -> Agent:
    """Change name, email, role, `active` or password hash; the last admin who can come in stays one.

    `holds_token`: the agent whose token is in the settings. Who is deactivated or gets a new password is
    signed out.
    """
    agent = get(session, agent_id)
    if "email" in changes and changes["email"] != agent.email:
        _refuse_taken_email(session, str(changes["email"]) if changes["email"] else None)
    leaves = changes.get("role", ADMIN) != ADMIN or changes.get("active") is False
    if leaves and agent.role == ADMIN and agent.active:
        others = admins_who_can_come_in(session, at, holds_token) - {agent_id}
        if not others:
            raise StoreRefusalError(RefusalReason.LAST_ADMIN)
    agent.sqlmodel_update(changes)
    if changes.get("active") is False or "password_hash" in changes:
        end_all_sign_ins(session, agent_id, at)
    session.flush()
    return agent


def change_password(
    session: Session, agent_id: str, password_hash: str, at: datetime, *, stays: str | None
) -> None:
    """Set an agent's password and end the agent's sign-ins, but for the one that `stays`."""
    get(session, agent_id).password_hash = password_hash
    end_all_sign_ins(session, agent_id, at, but=stays)


def listed(session: Session, *, after: str | None, limit: int) -> list[Agent]:
    """Agents by id."""
    statement = select(Agent).order_by(col(Agent.id)).limit(limit)
    if after is not None:
        statement = statement.where(col(Agent.id) > after)
    return list(session.exec(statement))


def admins_who_can_come_in(session: Session, at: datetime, holds_token: str | None) -> set[str]:
    """Active admins with a token in the settings, a password or a live key.

    Read under a lock, so that two admins cannot demote each other at the same time.
    """
    admins = session.exec(select(Agent).where(Agent.role == ADMIN, col(Agent.active)).with_for_update()).all()
    with_keys = holders_of_live_keys(session, at)
    return {
        admin.id
        for admin in admins
        if admin.id == holds_token or admin.id in with_keys or (admin.email and admin.password_hash)
    }


def _refuse_taken_email(session: Session, email: str | None) -> None:
    taken_by = session.exec(select(Agent.id).where(Agent.email == email)).first() if email else None
    if taken_by is not None:
        raise StoreRefusalError(RefusalReason.EMAIL_TAKEN, agent_id=taken_by)
