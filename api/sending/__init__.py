"""Replies, held messages and sender actions."""

from api.security.guarded_route import merge_routers
from api.security.permissions import Permission
from api.sending import messages, replies, sender_actions
from domain.access.roles import EVERYBODY, PEOPLE

router = merge_routers(replies.router, sender_actions.router, messages.router)

PERMISSIONS: dict[str, Permission] = {
    "reply": PEOPLE,
    "resend_message": PEOPLE,
    "show_typing": PEOPLE,
    "show_seen": PEOPLE,
    "list_outbound_messages": EVERYBODY,
    "get_message": EVERYBODY,
    "send_held_message": PEOPLE,
    "cancel_message": PEOPLE,
}
