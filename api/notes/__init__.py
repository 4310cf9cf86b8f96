"""Notes on conversations, for colleagues alone."""

from api.notes import notes
from api.security.permissions import Permission
from domain.access.roles import EVERYBODY, PEOPLE

router = notes.router

# Whose notes somebody may change and delete says `domain.notes`.
PERMISSIONS: dict[str, Permission] = {
    "list_notes": EVERYBODY,
    "list_thread_notes": EVERYBODY,
    "create_note": PEOPLE,
    "get_note": EVERYBODY,
    "change_note": PEOPLE,
    "delete_note": PEOPLE,
}
