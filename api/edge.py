"""The outermost layer: security headers on every answer, a line in the log, the last resort for errors."""

import time

from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Problem
from api.proxy_watch import ProxyWatch
from base import metrics
from base.log import get_logger
from base.tracebacks import place_of

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


# Asked every few seconds by machines, and of no interest when all is well.
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
_MAX_SHOWN_PATH = 200

DATA_DELETION = "/data-deletion"
_SECRET_PATHS = ("/survey/", f"{DATA_DELETION}/")


def _shown(path: str) -> str:
    """A path as it may be logged: those of surveys and of deletion requests are a customer's secret."""
    shown = next((f"{secret}…" for secret in _SECRET_PATHS if path.startswith(secret)), path)
    return shown[:_MAX_SHOWN_PATH]


def _note(scope: Scope, status: int, seconds: float) -> None:
    """Count and log a request. Counted is its route, never its path: anybody may invent one."""
    is_webhook = _is_webhook(scope["path"])
    route = f"{WEBHOOKS}{{account_id}}" if is_webhook else getattr(scope.get("route"), "path", "none")
    method = scope["method"] if scope["method"] in _METHODS else "other"
    metrics.REQUESTS.labels(method, route, status).observe(seconds)
    log = _log.debug if scope["path"] in _PROBES else _log.info
    log(
        "webhook" if is_webhook else "request",
        method=scope["method"],
        path=_shown(scope["path"]),
        status=status,
        ms=round(seconds * 1000, 1),
    )


def _is_webhook(path: str) -> bool:
    return path.startswith(WEBHOOKS) and not path.removesuffix("/").endswith(DATA_DELETION)


def _last_resort(scope: Scope, error: Exception) -> Response:
    """The answer when something broke. Meta comes again after a 503, and tells nobody about a 500."""
    if not _is_webhook(scope["path"]):
        _log.error("request_failed", method=scope["method"], path=_shown(scope["path"]), exc_info=error)
        return Problem("internal_error").response
    # Without the error's words and its traceback: the one may be a customer's, the other comes with each try.
    _log.error("webhook_failed", error=type(error).__name__, at=place_of(error))
    metrics.WEBHOOKS_REFUSED.labels("internal_error").inc()
    return PlainTextResponse("The delivery cannot be taken now.", 503, {"Retry-After": "5"})


def security_headers(*, https: bool) -> tuple[tuple[bytes, bytes], ...]:
    """The headers of every answer; where the public address is https, browsers are told to stay there."""
    return (*SECURITY_HEADERS, _STRICT_TRANSPORT) if https else SECURITY_HEADERS


class Edge:
    """Wraps the whole application. Headers that an answer sets itself are left alone."""

    def __init__(self, app: ASGIApp, *, https: bool, webhooks: ASGIApp, proxies: ProxyWatch) -> None:
        self._app = app
        self._webhooks = webhooks
        self._proxies = proxies
        self._headers = security_headers(https=https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._proxies.look(scope)
        began, started = time.perf_counter(), False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _note(scope, message["status"], time.perf_counter() - began)
                given = list(message.get("headers", ()))
                names = {name.lower() for name, _ in given}
                message["headers"] = given + [each for each in self._headers if each[0] not in names]
            await send(message)

        # Webhooks go straight there: the routes behind would cost a delivery more than its signature does.
        serve = self._webhooks if _is_webhook(scope["path"]) else self._app
        try:
            await serve(scope, receive, send_with_headers)
        except ClientDisconnect:
            return  # nobody is there to be answered
        except Exception as error:
            answer = _last_resort(scope, error)
            if started:
                raise
            await answer(scope, receive, send_with_headers)
