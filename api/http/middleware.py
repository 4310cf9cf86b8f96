"""The outermost layer: security headers on every answer, a line in the log, the last resort for errors."""

import time

from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import Problem
from api.http.request_log import RequestLog, is_webhook, shown_path
from api.http.untrusted_proxies import ProxyWatch
from base import metrics
from base.log import get_logger
from base.tracebacks import place_of

CONTENT_SECURITY_POLICY = b"content-security-policy"

SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        CONTENT_SECURITY_POLICY,
        b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
)
_STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")

_log = get_logger("api")


def _last_resort(scope: Scope, error: Exception) -> Response:
    """The answer to an unexpected error. Meta repeats a delivery after a 503, and not after a 500."""
    if not is_webhook(scope["path"]):
        _log.error("request_failed", method=scope["method"], path=shown_path(scope["path"]), exc_info=error)
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
        self._log = RequestLog()
        self._headers = security_headers(https=https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._proxies.look(scope)
        began, started = time.perf_counter(), False
        # Webhooks go straight there: the routes behind would cost a delivery more than its signature does.
        serve = self._webhooks if is_webhook(scope["path"]) else self._app
        has_headers = serve is self._webhooks

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._log.note(scope, message["status"], time.perf_counter() - began)
                if not has_headers:
                    self._add_headers(message)
            await send(message)

        try:
            await serve(scope, receive, send_with_headers)
        except ClientDisconnect:
            return  # nobody is there to be answered
        except Exception as error:
            answer, has_headers = _last_resort(scope, error), False
            if started:
                raise
            await answer(scope, receive, send_with_headers)

    def _add_headers(self, message: Message) -> None:
        given = list(message.get("headers", ()))
        names = {name.lower() for name, _ in given}
        message["headers"] = given + [each for each in self._headers if each[0] not in names]
