"""The outermost layer: security headers on every answer, and the last resort when something breaks."""

import time

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Problem
from base import metrics
from base.log import get_logger

CONTENT_SECURITY_POLICY = b"content-security-policy"

SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (
        CONTENT_SECURITY_POLICY,
        b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
)
WEBHOOKS = "/webhooks/messenger/"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")

_log = get_logger("api")


DATA_DELETION = "/data-deletion"
_SECRET_PATHS = ("/survey/", f"{DATA_DELETION}/")


def _shown(path: str) -> str:
    """A path as it may be logged: those of surveys and of deletion requests are a customer's secret."""
    return next((f"{secret}…" for secret in _SECRET_PATHS if path.startswith(secret)), path)


def _count(scope: Scope, status: int, seconds: float) -> None:
    """Count a request by its route, never by its path: that has ids in it, and anybody may invent one."""
    route = getattr(scope.get("route"), "path", "none")
    method = scope["method"] if scope["method"] in _METHODS else "other"
    metrics.REQUESTS.labels(method, route, status).observe(seconds)


def security_headers(*, https: bool) -> tuple[tuple[bytes, bytes], ...]:
    """The headers of every answer; where the public address is https, browsers are told to stay there."""
    return (*SECURITY_HEADERS, _STRICT_TRANSPORT) if https else SECURITY_HEADERS


class Edge:
    """Wraps the whole application. Headers that an answer sets itself are left alone."""

    def __init__(self, app: ASGIApp, *, https: bool, webhooks: ASGIApp) -> None:
        self._app = app
        self._webhooks = webhooks
        self._headers = security_headers(https=https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"].startswith(WEBHOOKS) and not scope["path"].removesuffix("/").endswith(DATA_DELETION):
            # Straight there: the routes behind would cost a delivery more than its signature does.
            await self._webhooks(scope, receive, send)  # its answers carry these headers by themselves
            return
        began, started = time.perf_counter(), False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _count(scope, message["status"], time.perf_counter() - began)
                given = list(message.get("headers", ()))
                names = {name.lower() for name, _ in given}
                message["headers"] = given + [each for each in self._headers if each[0] not in names]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            return  # nobody is there to be answered
        except Exception:
            _log.exception("request_failed", method=scope["method"], path=_shown(scope["path"]))
            if started:
                raise
            await Problem("internal_error").response(scope, receive, send_with_headers)
