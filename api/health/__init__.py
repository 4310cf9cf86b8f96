"""Health, readiness and metrics."""

from api.health import health, metrics, server
from api.security.guarded_route import merge_routers
from api.security.permissions import PUBLIC, Permission
from domain.access.roles import ADMINS, Role

router = merge_routers(health.router, metrics.router, server.router)

PERMISSIONS: dict[str, Permission] = {
    "healthz": PUBLIC,
    "readyz": PUBLIC,
    "get_metrics": ADMINS | {Role.MACHINE},
    "get_server": ADMINS,
}
