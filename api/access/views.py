"""Agents as several endpoints show them."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel

from domain.access.roles import Role
from store.tables import Agent


class AgentView(BaseModel):
    """An agent."""

    id: str
    name: str
    email: str | None
    role: Role
    active: bool
    has_password: bool
    created_at: datetime

    @classmethod
    def of(cls, agent: Agent) -> Self:
        """The agent without the password's hash."""
        shown = agent.model_dump(exclude={"password_hash"})
        return cls.model_validate({**shown, "has_password": agent.password_hash is not None})
