"""The outermost layer: security headers on every answer, and the last resort when something breaks."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Problem
from base.log import get_logger

CONTENT_SECURITY_POLICY = b"content-security-policy"

_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (
        CONTENT_SECURITY_POLICY,
        b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
)
_STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")

_log = get_logger("api")


class Edge:
    """Wraps the whole application. Headers that an answer sets itself are left alone."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._headers = (*_HEADERS, _STRICT_TRANSPORT) if https else _HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                given = list(message.get("headers", ()))
                names = {name.lower() for name, _ in given}
                message["headers"] = given + [each for each in self._headers if each[0] not in names]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            _log.exception("request_failed", method=scope["method"], path=scope["path"])
            if started:
                raise
            await Problem("internal_error").response(scope, receive, send_with_headers)
