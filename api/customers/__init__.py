"""Customers and their threads."""

from api.customers import customers
from api.security.permissions import Permission
from domain.access.roles import EVERYBODY, SUPERVISORS_AND_ADMINS

router = customers.router

PERMISSIONS: dict[str, Permission] = {
    "list_customers": EVERYBODY,
    "get_customer": EVERYBODY,
    "erase_customer": SUPERVISORS_AND_ADMINS,
    "list_erasures": SUPERVISORS_AND_ADMINS,
    "get_erasure": SUPERVISORS_AND_ADMINS,
}
