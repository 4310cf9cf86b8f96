"""Notes: what colleagues write to each other about a conversation. The customer never gets them."""

from domain.access.roles import SUPERVISORS_AND_ADMINS, Role

MAX_UTF16_UNITS = 5000
"""The length of a note, in UTF-16 code units."""
MAX_NOTES = 1000
"""So many may a conversation have."""


def may_change(author_id: str, agent_id: str) -> bool:
    """Whether an agent may change a note: what somebody has signed nobody else rewords."""
    return author_id == agent_id


def may_delete(author_id: str, agent_id: str, role: Role) -> bool:
    """Whether an agent may delete a note: supervisors and administrators may, for what must not be kept."""
    return author_id == agent_id or role in SUPERVISORS_AND_ADMINS
