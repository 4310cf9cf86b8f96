"""The roles of those who use the API.

`agent` serves customers; `supervisor` also acts on conversations of others; `admin` also configures;
`machine` reads and sets context variables, for integrations. A machine does not pick or reply: what it wrote
would count as a person's.
"""

from enum import StrEnum


class Role(StrEnum):
    """What somebody may be."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    MACHINE = "machine"


EVERYBODY = frozenset(Role)
PEOPLE = frozenset({Role.AGENT, Role.SUPERVISOR, Role.ADMIN})
SUPERVISORS_AND_ADMINS = frozenset({Role.SUPERVISOR, Role.ADMIN})
"""They may act on conversations of others."""
ADMINS = frozenset({Role.ADMIN})
SEEING_ALL = frozenset({Role.ADMIN, Role.MACHINE})
"""They see the conversations of every queue; the others those of their queues and their own."""
