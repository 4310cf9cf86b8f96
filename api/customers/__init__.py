"""Customers and their threads."""

from api.customers import customers, preferred_agents
from api.security.guarded_route import merge_routers
from api.security.permissions import Permission
from domain.access.roles import EVERYBODY, SUPERVISORS_AND_ADMINS

router = merge_routers(customers.router, preferred_agents.router)

PERMISSIONS: dict[str, Permission] = {
    "list_customers": EVERYBODY,
    "get_customer": EVERYBODY,
    "get_preferred_agents": EVERYBODY,
    "set_preferred_agents": SUPERVISORS_AND_ADMINS,
    "erase_customer": SUPERVISORS_AND_ADMINS,
    "list_erasures": SUPERVISORS_AND_ADMINS,
    "get_erasure": SUPERVISORS_AND_ADMINS,
}
