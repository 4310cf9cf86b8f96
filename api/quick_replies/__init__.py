"""Quick replies: texts that agents send often."""

from api.quick_replies import quick_replies
from api.security.permissions import Permission
from domain.access.roles import EVERYBODY, PEOPLE

router = quick_replies.router

# Which of them somebody may change says `domain.quick_replies`.
PERMISSIONS: dict[str, Permission] = {
    "list_quick_replies": EVERYBODY,
    "list_conversation_quick_replies": PEOPLE,
    "create_quick_reply": PEOPLE,
    "get_quick_reply": EVERYBODY,
    "change_quick_reply": PEOPLE,
    "delete_quick_reply": PEOPLE,
}
