"""Presence of agents, and the work that they have and pull."""

from api.presence import my_work, presence, queue_state
from api.security.guarded_route import merge_routers
from api.security.permissions import Permission
from domain.access.roles import EVERYBODY, PEOPLE, SUPERVISORS_AND_ADMINS

router = merge_routers(presence.router, my_work.router, queue_state.router)

PERMISSIONS: dict[str, Permission] = {
    "get_own_presence": EVERYBODY,
    "set_own_presence": EVERYBODY,
    "get_agent_presence": PEOPLE,
    "set_agent_presence": SUPERVISORS_AND_ADMINS,
    "get_work": EVERYBODY,
    "pull_next": PEOPLE,
    "get_queue_state": EVERYBODY,
}
