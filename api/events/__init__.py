"""The event stream, and the webhook events that went to no thread."""

from api.events import stream, unrouted_events
from api.security.guarded_route import merge_routers
from api.security.permissions import Permission
from domain.access.roles import ADMINS, EVERYBODY

router = merge_routers(stream.router, unrouted_events.router)

PERMISSIONS: dict[str, Permission] = {
    "stream_events": EVERYBODY,
    "list_unrouted_events": ADMINS,
    "list_conflicting_events": ADMINS,
    "replay_event": ADMINS,
}
