"""Who may do what: one row per operation. An operation without a row is refused to everybody.

Roles: `agent` serves customers; `supervisor` also acts on conversations of others; `admin` also configures;
`machine` reads and sets context variables, for integrations. A machine does not pick or reply: what it wrote
would count as a person's.
"""

from enum import StrEnum


class Role(StrEnum):
    """What an agent is to the API."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    MACHINE = "machine"


EVERYBODY = frozenset(Role)
PEOPLE = frozenset({Role.AGENT, Role.SUPERVISOR, Role.ADMIN})
LEADERS = frozenset({Role.SUPERVISOR, Role.ADMIN})
ADMINS = frozenset({Role.ADMIN})

PUBLIC = frozenset({"sign_in", "healthz", "readyz"})
"""Operations that need no token. Meta's webhook has its own signature; the documentation pages a setting."""

PERMISSIONS: dict[str, frozenset[Role]] = {
    "sign_out": EVERYBODY,
    "get_me": EVERYBODY,
    "change_own_password": PEOPLE,
    "list_accounts": LEADERS,
    "create_account": ADMINS,
    "get_account": LEADERS,
    "change_account": ADMINS,
    "end_secret_rotation": ADMINS,
    "delete_account": ADMINS,
    "add_page": ADMINS,
    "list_account_pages": EVERYBODY,
    "get_page": EVERYBODY,
    "change_page": ADMINS,
    "remove_page": ADMINS,
    "check_page": LEADERS | {Role.MACHINE},
    "reauthorize_page": ADMINS,
    "list_workstreams": EVERYBODY,
    "create_workstream": ADMINS,
    "get_workstream": EVERYBODY,
    "change_workstream": ADMINS,
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
    "list_agents": LEADERS,
    "create_agent": ADMINS,
    "get_agent": LEADERS,
    "change_agent": ADMINS,
    "list_keys": ADMINS,
    "create_key": ADMINS,
    "revoke_key": ADMINS,
    "list_conversations": EVERYBODY,
    "get_conversation": EVERYBODY,
    "list_messages": EVERYBODY,
    "get_timeline": EVERYBODY,
    "get_context": EVERYBODY,
    "set_context": EVERYBODY,
    "change_context": EVERYBODY,
    "reply": PEOPLE,
    "show_typing": PEOPLE,
    "show_seen": PEOPLE,
    "take_thread": PEOPLE,
    "pass_thread": PEOPLE,
    "release_thread": PEOPLE,
    "request_thread": PEOPLE,
    "pick": PEOPLE,
    "close_session": PEOPLE,
    "reopen": PEOPLE,
    "release": PEOPLE,
    "end": PEOPLE,
    "complete": PEOPLE,
    "force_close": LEADERS,
    "start_conversation": PEOPLE,
    "list_outbound_messages": EVERYBODY,
    "send_held_message": PEOPLE,
    "resend_message": PEOPLE,
    "cancel_message": PEOPLE,
    "list_customers": EVERYBODY,
    "upload_attachment": PEOPLE,
    "get_attachment": EVERYBODY,
    "get_customer": EVERYBODY,
    "list_thread_messages": EVERYBODY,
    "erase_customer": LEADERS,
    "list_erasures": LEADERS,
    "get_erasure": LEADERS,
    "get_page_survey": EVERYBODY,
    "set_page_survey": ADMINS,
    "list_surveys": LEADERS,
    "summarize_surveys": LEADERS,
    "get_survey": LEADERS,
    "stream_events": EVERYBODY,
    "get_server": ADMINS,
    "get_metrics": ADMINS | {Role.MACHINE},
    "list_unrouted_events": ADMINS,
    "list_conflicting_events": ADMINS,
    "list_audit": ADMINS,
}
