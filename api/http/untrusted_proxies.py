"""Notices a reverse proxy that PAGEDESK_TRUSTED_PROXIES does not name, and says so once.

Everybody behind it is then one source: for the limits on connections, and for those on signing in.
"""

from typing import Annotated

from starlette.types import Scope

from api.http.dependencies import from_app
from base.http.proxies import FORWARDED_HEADERS, untrusted_proxy
from base.log import get_logger

_MAX_REMEMBERED = 20

_log = get_logger("api")


class ProxyWatch:
    """Looks at the head of every request."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    @property
    def untrusted(self) -> list[str]:
        """The addresses of such proxies since the start."""
        return sorted(self._seen)

    def look(self, scope: Scope) -> None:
        """Look at one request."""
        if FORWARDED_HEADERS.isdisjoint([name for name, _ in scope["headers"]]):
            return
        client = scope.get("client")
        address = untrusted_proxy(client[0], scope["headers"]) if client else None
        if address is not None and address not in self._seen and len(self._seen) < _MAX_REMEMBERED:
            self._seen.add(address)
            _log.warning(
                "proxy_not_trusted",
                address=address,
                remedy="Name it in PAGEDESK_TRUSTED_PROXIES; until then all behind it count as one source.",
            )


ProxyWatchDep = Annotated[ProxyWatch, from_app("proxies")]
