"""What is shown of an agent's presence."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel

from domain.routing.presence import PresenceKind, PresenceMark
from store.tables import AgentState


class PresenceView(BaseModel):
    """An agent's presence.

    `chosen` is what the agent set, `mark` what a missed or declined offer left; `presence` follows from both,
    from `connected` and from what the agent has. `absent_since`: not connected since then.
    """

    agent_id: str
    presence: PresenceKind
    text: str | None
    chosen: PresenceKind | None
    mark: PresenceMark | None
    connected: bool
    absent_since: datetime | None
    changed_at: datetime

    @classmethod
    def of(cls, state: AgentState) -> Self:
        """The presence that a row tells."""
        is_chosen = state.presence_mark is None and state.presence == state.chosen_presence
        return cls(
            agent_id=state.agent_id,
            presence=PresenceKind(state.presence),
            text=state.presence_text if is_chosen else None,
            chosen=PresenceKind(state.chosen_presence) if state.chosen_presence else None,
            mark=PresenceMark(state.presence_mark) if state.presence_mark else None,
            connected=state.connected,
            absent_since=state.absent_since,
            changed_at=state.changed_at,
        )
