"""Workstreams, and what is set for them."""

from api.security.guarded_route import merge_routers
from api.security.permissions import Permission
from api.workstreams import (
    automated_messages,
    context_variables,
    session_templates,
    time_out_rules,
    workstreams,
)
from domain.access.roles import ADMINS, EVERYBODY

router = merge_routers(
    workstreams.router,
    automated_messages.router,
    time_out_rules.router,
    session_templates.router,
    context_variables.router,
)

PERMISSIONS: dict[str, Permission] = {
    "list_workstreams": EVERYBODY,
    "create_workstream": ADMINS,
    "get_workstream": EVERYBODY,
    "change_workstream": ADMINS,
    "copy_workstream": ADMINS,
    "set_workstream_pages": ADMINS,
    "delete_workstream": ADMINS,
    "list_automated_messages": EVERYBODY,
    "set_automated_message": ADMINS,
    "reset_automated_message": ADMINS,
    "set_page_automated_message": ADMINS,
    "reset_page_automated_message": ADMINS,
    "list_time_out_rules": EVERYBODY,
    "create_time_out_rule": ADMINS,
    "get_time_out_rule": EVERYBODY,
    "change_time_out_rule": ADMINS,
    "delete_time_out_rule": ADMINS,
    "list_session_templates": EVERYBODY,
    "create_session_template": ADMINS,
    "get_session_template": EVERYBODY,
    "change_session_template": ADMINS,
    "delete_session_template": ADMINS,
    "get_context": EVERYBODY,
    "set_context": EVERYBODY,
    "change_context": EVERYBODY,
}
