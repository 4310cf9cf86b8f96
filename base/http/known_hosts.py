"""For a server on the loopback that others reach by a name: it answers to its own names alone.

See `base.http.local_only` for why. Here the caller's key or the token in a link decides what it may do; so
where
the request comes from is not asked.
"""

import ipaddress
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from base.http.local_only import names_this_machine

_MISDIRECTED = 421


class KnownHosts:
    """Wraps an application. `names` are its names besides localhost and addresses, without ports."""

    def __init__(self, app: ASGIApp, names: Collection[str] = (), *, open_to_all: str) -> None:
        self._app = app
        self._names = frozenset(name.lower() for name in ("localhost", *names))
        self._open_to_all = open_to_all

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; paths below `open_to_all` are served under any name."""
        if scope["type"] != "http" or scope["path"].startswith(self._open_to_all):
            await self._app(scope, receive, send)
            return
        hosts = Headers(scope=scope).getlist("host")
        if len(hosts) == 1 and names_this_machine(hosts[0], self._names):
            await self._app(scope, receive, send)
            return
        answer = PlainTextResponse(
            "This server is not known by that name. PAGEDESK_PUBLIC_URL tells it its own.\n", _MISDIRECTED
        )
        await answer(scope, receive, send)


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine reaches an address to listen on."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
