"""Contacts: the people in the business's own books, and which customers they are."""

from api.contacts import contact_settings, contacts, links
from api.security.guarded_route import merge_routers
from api.security.permissions import Permission
from domain.access.roles import ADMINS, EVERYBODY, PEOPLE, SUPERVISORS_AND_ADMINS

router = merge_routers(contacts.router, links.router, contact_settings.router)

PERMISSIONS: dict[str, Permission] = {
    "list_contacts": EVERYBODY,
    "create_contact": PEOPLE,
    "get_contact": EVERYBODY,
    "change_contact": PEOPLE,
    "delete_contact": SUPERVISORS_AND_ADMINS,
    "merge_contacts": SUPERVISORS_AND_ADMINS,
    "link_customer": PEOPLE,
    "unlink_customer": PEOPLE,
    "get_customer_summary": EVERYBODY,
    "list_contact_fields": EVERYBODY,
    "set_contact_field": ADMINS,
    "delete_contact_field": ADMINS,
    "get_contact_rules": EVERYBODY,
    "set_contact_rules": ADMINS,
}
