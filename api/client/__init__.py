"""What a client has to know of this installation: its limits and features, and the demo's clock."""

from api.client import config, demo
from api.security.guarded_route import merge_routers
from api.security.permissions import Permission
from domain.access.roles import EVERYBODY, PEOPLE

router = merge_routers(config.router, demo.router)

PERMISSIONS: dict[str, Permission] = {
    "get_config": EVERYBODY,
    "get_demo": PEOPLE,
    "travel": PEOPLE,
}
