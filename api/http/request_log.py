"""What is logged and counted of each request: one line, its route and its time.

Deliveries of Meta that were taken in the same turn of the event loop share a line: at a thousand a second a
line for each would halve the rate at which they are answered.
"""

import asyncio

from starlette.types import Scope

from base import metrics
from base.log import get_logger

WEBHOOKS = "/webhooks/messenger/"
DATA_DELETION = "/data-deletion"

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Asked every few seconds by machines, and of no interest when all is well.
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
_MAX_SHOWN_PATH = 200
_SECRET_PATHS = ("/survey/", f"{DATA_DELETION}/")
_ROUTE = f"{WEBHOOKS}{{account_id}}"
_TAKEN = 200

_log = get_logger("api")


def is_webhook(path: str) -> bool:
    """Whether Meta's deliveries and handshakes come to this address."""
    return path.startswith(WEBHOOKS) and not path.removesuffix("/").endswith(DATA_DELETION)


def shown_path(path: str) -> str:
    """A path as it may be logged: those of surveys and of deletion requests are a customer's secret."""
    shown = next((f"{secret}…" for secret in _SECRET_PATHS if path.startswith(secret)), path)
    return shown[:_MAX_SHOWN_PATH]


class RequestLog:
    """The requests of one process."""

    def __init__(self) -> None:
        self._taken: dict[str, list[float]] = {}

    def note(self, scope: Scope, status: int, seconds: float) -> None:
        """Count and log a request. Counted is its route, never its path: anybody may invent one."""
        path, method = scope["path"], scope["method"]
        if not is_webhook(path):
            _count(scope, getattr(scope.get("route"), "path", "none"), status, seconds)
            log = _log.debug if path in _PROBES else _log.info
            log("request", method=method, path=shown_path(path), status=status, ms=_ms(seconds))
        elif status == _TAKEN and method == "POST":
            self._take(path, seconds)
        else:
            _count(scope, _ROUTE, status, seconds)
            _log.info("webhook", method=method, path=shown_path(path), status=status, ms=_ms(seconds))

    def _take(self, path: str, seconds: float) -> None:
        if not self._taken:
            asyncio.get_running_loop().call_soon(self._write_taken)
        self._taken.setdefault(path, []).append(seconds)

    def _write_taken(self) -> None:
        taken, self._taken = self._taken, {}
        histogram = metrics.REQUESTS.labels("POST", _ROUTE, _TAKEN)
        for path, times in taken.items():
            for seconds in times:
                histogram.observe(seconds)
            more = {"deliveries": len(times)} if len(times) > 1 else {}
            shown = shown_path(path)
            _log.info("webhook", method="POST", path=shown, status=_TAKEN, ms=_ms(max(times)), **more)


def _count(scope: Scope, route: str, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in _METHODS else "other"
    metrics.REQUESTS.labels(method, route, status).observe(seconds)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
