"""Meta's data deletion callback."""

from api.privacy import data_deletion
from api.security.permissions import Permission

router = data_deletion.router

PERMISSIONS: dict[str, Permission] = {}
