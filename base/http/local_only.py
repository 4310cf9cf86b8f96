"""For servers of this machine alone that ask for no key: no web page elsewhere may use them.

A page in a browser can send requests to any address, and by a name that it lets point to 127.0.0.1 it could
even read the answers (DNS rebinding). So a request must name this machine by an address or a known name, and
come from no other origin. Programs send no `Origin`, and are served.
"""

import ipaddress
from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_SAFE_METHODS = ("GET", "HEAD")


class LocalOnly:
    """Wraps an application. `names` are further names of this machine, beside localhost and addresses."""

    def __init__(self, app: ASGIApp, names: Iterable[str] = ()) -> None:
        self._app = app
        self._names = frozenset(name.lower() for name in ("localhost", *names))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, or refuse with 403 and the reason."""
        reason = self._reason_against(scope) if scope["type"] == "http" else None
        if reason is None:
            await self._app(scope, receive, send)
        else:
            await JSONResponse({"error": reason}, 403, {"Connection": "close"})(scope, receive, send)

    def _reason_against(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or not names_this_machine(hosts[0], self._names):
            return "The Host header names another machine; use 127.0.0.1 or localhost."
        if any(urlsplit(origin).netloc != hosts[0] for origin in origins):
            return "Requests from pages of another origin are not taken."
        elsewhere = headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
        if elsewhere and scope["method"] not in _SAFE_METHODS:
            return "Requests from pages of another origin are not taken."
        return None


def names_this_machine(host: str, names: Collection[str]) -> bool:
    """Whether a Host header holds an address or one of these names, with or without a port."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name in names:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
