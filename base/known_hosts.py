"""Answers only to the names by which a server on the loopback is known.

A page in a browser on this machine may have its own name resolve to 127.0.0.1 and then read what is served
there ("DNS rebinding"). Its requests bear that name.
"""

import ipaddress
from collections.abc import Collection

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})
_MISDIRECTED = 421


class KnownHosts:
    """Wraps an application. `names` are its names besides those of the loopback, without ports."""

    def __init__(self, app: ASGIApp, names: Collection[str] = (), *, open_to_all: str | None = None) -> None:
        self._app = app
        self._names = _LOCAL | {name.lower() for name in names}
        self._open_to_all = open_to_all

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; paths below `open_to_all` are served under any name."""
        if scope["type"] != "http" or self._is_known(scope):
            await self._app(scope, receive, send)
            return
        answer = PlainTextResponse(
            "This server is not known by that name. PAGEDESK_PUBLIC_URL tells it its own.\n", _MISDIRECTED
        )
        await answer(scope, receive, send)

    def _is_known(self, scope: Scope) -> bool:
        if self._open_to_all is not None and scope["path"].startswith(self._open_to_all):
            return True
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        return len(hosts) == 1 and _name_of(hosts[0].decode("latin-1")) in self._names


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine reaches an address to listen on."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _name_of(host: str) -> str:
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdigit() else host.lower()
