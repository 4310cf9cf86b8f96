"""Search: what was said, noted, and what people are called."""

from api.search import search
from api.security.permissions import Permission
from domain.access.roles import EVERYBODY

router = search.router

PERMISSIONS: dict[str, Permission] = {"search": EVERYBODY}
