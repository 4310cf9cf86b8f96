"""Meta's webhook: verify handshake and deliveries, as plain ASGI.

A delivery is answered 200 as soon as its events are in the inbox, and by nothing else. Otherwise: 401 no or
wrong signature, 404 unknown account, 408 too slow, 413 too large, 503 it cannot be stored now.
"""

import asyncio
import hmac
from collections.abc import Sequence
from typing import Protocol
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from api.edge import SECURITY_HEADERS
from base import clock, metrics
from base.log import get_logger
from ingest.inbox import Inbox, InboxUnavailableError, inbox_rows
from messenger.signature import is_signed
from messenger.webhook import split

MAX_BODY_BYTES = 8 * 1024 * 1024
BODY_TIMEOUT_SECONDS = 10.0
MAX_CHALLENGE_LENGTH = 1000
_SIGNATURE_HEADER = b"x-hub-signature-256"


_log = get_logger("api")


class WebhookSecrets(Protocol):
    """What the webhook must know of an account; answered from memory, refreshed in the background."""

    async def app_secrets(self, account_id: str) -> Sequence[bytes] | None:
        """The app secrets that sign deliveries now; None for an unknown account."""

    async def verify_token(self, account_id: str) -> str | None:
        """The token of the verify handshake; None where there is none."""


class SecretsUnavailableError(Exception):
    """The account is not known in memory and the store cannot be asked."""


class _RefusedError(Exception):
    """An answer other than 200. `reason` is what it is counted by."""

    def __init__(self, status: int, text: str, reason: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.reason = reason


class WebhookEndpoint:
    """`GET|POST /webhooks/messenger/{account_id}`, mounted in front of all other routes."""

    def __init__(self, secrets: WebhookSecrets, inbox: Inbox) -> None:
        self._secrets = secrets
        self._inbox = inbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        account_id = scope["path"].rsplit("/", 1)[-1]
        status = 200
        try:
            text = await self._serve(account_id, scope, receive)
        except SecretsUnavailableError:
            status, text = _refused(_RefusedError(503, "The account cannot be looked up now.", "no_secrets"))
        except _RefusedError as refused:
            status, text = _refused(refused)
        if scope["method"] == "POST":
            metrics.DELIVERIES.labels(status).inc()
        await _answer(send, status, text)

    async def _serve(self, account_id: str, scope: Scope, receive: Receive) -> str:
        if scope["method"] == "POST":
            await self._deliver(account_id, scope, receive)
            return "EVENT_RECEIVED"
        if scope["method"] == "GET":
            return await self._verify(account_id, scope)
        raise _RefusedError(405, "Only GET and POST are served here.", "method")

    async def _deliver(self, account_id: str, scope: Scope, receive: Receive) -> None:
        headers = [value for name, value in scope["headers"] if name == _SIGNATURE_HEADER]
        body = await _read_body(scope, receive)
        secrets = await self._secrets.app_secrets(account_id)
        if secrets is None:
            raise _RefusedError(404, "No account has this address.", "unknown_account")
        if len(headers) != 1 or not is_signed(body, headers[0], secrets):
            reason = "wrong_signature" if headers else "no_signature"
            raise _RefusedError(401, "The signature is missing or wrong.", reason)
        received_ms = int(clock.now().timestamp() * 1000)
        try:
            await self._inbox.store(inbox_rows(account_id, split(body), received_ms))
        except InboxUnavailableError as error:
            raise _RefusedError(503, "The delivery cannot be stored now.", "storage_down") from error

    async def _verify(self, account_id: str, scope: Scope) -> str:
        query = parse_qsl(scope["query_string"].decode("ascii", "replace"), keep_blank_values=True)
        values: dict[str, str] = dict(query)
        challenge = values.get("hub.challenge", "")
        if len(values) != len(query) or not 0 < len(challenge) <= MAX_CHALLENGE_LENGTH:
            raise _RefusedError(
                400, "hub.mode, hub.verify_token and hub.challenge are needed, each once.", "handshake"
            )
        token = await self._secrets.verify_token(account_id)
        given = values.get("hub.verify_token", "").encode()
        if token is None or not hmac.compare_digest(given, token.encode()):
            raise _RefusedError(403, "The verify token is wrong.", "verify_token")
        if values.get("hub.mode") != "subscribe":
            raise _RefusedError(403, "Only hub.mode=subscribe is known.", "handshake")
        return challenge


def _refused(error: _RefusedError) -> tuple[int, str]:
    metrics.WEBHOOKS_REFUSED.labels(error.reason).inc()
    return error.status, error.text


async def _read_body(scope: Scope, receive: Receive) -> bytes:
    """The whole body, capped in size and time, never buffered beyond the cap."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > MAX_BODY_BYTES:
            raise _RefusedError(413, "The delivery is too large.", "too_large")
    try:
        async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
            return await _receive_all(receive)
    except TimeoutError as error:
        raise _RefusedError(408, "The delivery came too slowly.", "too_slow") from error


async def _receive_all(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _RefusedError(400, "The connection ended inside the delivery.", "broken_off")
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise _RefusedError(413, "The delivery is too large.", "too_large")
        if not message.get("more_body", False):
            return b"".join((*parts, part)) if parts else part
        parts.append(part)


async def _answer(send: Send, status: int, text: str) -> None:
    body = text.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        *SECURITY_HEADERS,
    ]
    if status == 405:  # noqa: PLR2004 - Method Not Allowed must name what is
        headers.append((b"allow", b"GET, POST"))
    if status in (408, 413):  # the rest of such a body would go on for ever, and be read as the next request
        headers.append((b"connection", b"close"))
    if status == 503:  # noqa: PLR2004 - Service Unavailable says when to come again
        headers.append((b"retry-after", b"5"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
