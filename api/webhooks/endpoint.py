"""Meta's webhook: verify handshake and deliveries, as plain ASGI.

A delivery is answered 200 as soon as its events are in the inbox, and by nothing else. Otherwise: 401 no or
wrong signature, 404 unknown account, 408 too slow, 413 too large, 503 it cannot be stored now. What can be
refused by its head alone is refused before its body is read.
"""

import hmac
from collections.abc import Sequence
from typing import Protocol
from urllib.parse import parse_qsl

from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from api.http.middleware import security_headers
from api.http.request_log import WEBHOOKS
from api.security.refused_requests import Refused, RefusedRequests, source_of
from api.webhooks.bodies import (
    Bodies,
    BodyBrokenOffError,
    BodyTooSlowError,
    DeliveryTooLargeError,
    TooManyLargeBodiesError,
)
from api.webhooks.secrets import SecretsUnavailableError
from base import clock, metrics
from ingest.inbox.inbox import Inbox, InboxUnavailableError, inbox_rows
from messenger.webhooks.signature import is_signed, is_well_formed
from messenger.webhooks.webhook import split

MAX_CHALLENGE_LENGTH = 1000
_SIGNATURE_HEADER = b"x-hub-signature-256"

_UNKNOWN_ACCOUNT = "No account has this address. The right one is the account's callback_url."
_WRONG_SIGNATURE = "The signature is missing or wrong."
_NO_VERIFY_TOKEN = "The account has no verify token yet; it is made when the account's first page is saved."  # noqa: S105


class WebhookSecrets(Protocol):
    """What the webhook must know of an account; answered from memory, refreshed in the background."""

    async def app_secrets(self, account_id: str) -> Sequence[bytes] | None:
        """The app secrets that sign deliveries now; None for an unknown account."""

    async def verify_token(self, account_id: str) -> str | None:
        """The token of the verify handshake; None where there is none."""

    async def note_verified(self, account_id: str) -> None:
        """Remember that Meta has verified the callback."""


class _RefusedError(Exception):
    """An answer other than 200. `reason` is what it is counted by.

    `unread`: the body, or a part of it, has not been read; it must not be taken for the next request.
    """

    def __init__(self, status: int, text: str, reason: str, *, unread: bool = False) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.reason = reason
        self.unread = unread


_FORGED = frozenset({"unknown_account", "no_signature", "wrong_signature", "verify_token"})

# What may be wrong with a body: status, text, reason.
_BODY_ERRORS: dict[type[Exception], tuple[int, str, str]] = {
    DeliveryTooLargeError: (413, "The delivery is too large.", "too_large"),
    BodyTooSlowError: (408, "The delivery came too slowly.", "too_slow"),
    BodyBrokenOffError: (400, "The connection ended inside the delivery.", "broken_off"),
    TooManyLargeBodiesError: (503, "There are too many large deliveries at once.", "too_many_large"),
}


class WebhookEndpoint:
    """`GET|POST /webhooks/messenger/{account_id}`, mounted in front of all other routes."""

    def __init__(
        self, secrets: WebhookSecrets, inbox: Inbox, refusals: RefusedRequests, *, https: bool
    ) -> None:
        self._secrets = secrets
        self._inbox = inbox
        self._refusals = refusals
        self._bodies = Bodies()
        self._headers = security_headers(https=https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        status, text, unread = 200, "", False
        try:
            text = await self._serve(_account_id(scope), scope, receive)
        except SecretsUnavailableError:
            metrics.WEBHOOKS_REFUSED.labels("no_secrets").inc()
            status, text, unread = 503, "The account cannot be looked up now.", True
        except _RefusedError as refused:
            metrics.WEBHOOKS_REFUSED.labels(refused.reason).inc()
            self._note(scope, refused.reason)
            status, text, unread = refused.status, refused.text, refused.unread
        if scope["method"] == "POST":
            metrics.DELIVERIES.labels(status).inc()
        await self._answer(send, status, text, close=unread and scope["method"] != "GET")

    def _note(self, scope: Scope, reason: str) -> None:
        """What may be a forgery goes into the audit; the account only where there is one."""
        if reason in _FORGED:
            account_id = None if reason == "unknown_account" else _account_id(scope)
            source = source_of(HTTPConnection(scope))
            self._refusals.note(Refused.WEBHOOK, source, reason=reason, account_id=account_id)

    async def _serve(self, account_id: str, scope: Scope, receive: Receive) -> str:
        if scope["method"] == "POST":
            await self._deliver(account_id, scope, receive)
            return "EVENT_RECEIVED"
        if scope["method"] == "GET":
            return await self._verify(account_id, scope)
        raise _RefusedError(405, "Only GET and POST are served here.", "method", unread=True)

    async def _deliver(self, account_id: str, scope: Scope, receive: Receive) -> None:
        headers = [value for name, value in scope["headers"] if name == _SIGNATURE_HEADER]
        secrets = await self._secrets.app_secrets(account_id)
        if secrets is None:
            raise _RefusedError(404, _UNKNOWN_ACCOUNT, "unknown_account", unread=True)
        if len(headers) != 1 or not is_well_formed(headers[0]):
            reason = "wrong_signature" if headers else "no_signature"
            raise _RefusedError(401, _WRONG_SIGNATURE, reason, unread=True)
        try:
            async with self._bodies.read(scope, receive) as body:
                if not is_signed(body, headers[0], secrets):
                    raise _RefusedError(401, _WRONG_SIGNATURE, "wrong_signature")
                received_ms = int(clock.now().timestamp() * 1000)
                await self._inbox.store(inbox_rows(account_id, split(body), received_ms))
        except tuple(_BODY_ERRORS) as error:
            raise _RefusedError(*_BODY_ERRORS[type(error)], unread=True) from error
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
        if token is None:
            if await self._secrets.app_secrets(account_id) is None:
                raise _RefusedError(404, _UNKNOWN_ACCOUNT, "unknown_account")
            raise _RefusedError(403, _NO_VERIFY_TOKEN, "verify_token")
        if not hmac.compare_digest(given, token.encode()):
            raise _RefusedError(403, "The verify token is wrong.", "verify_token")
        if values.get("hub.mode") != "subscribe":
            raise _RefusedError(403, "Only hub.mode=subscribe is known.", "handshake")
        await self._secrets.note_verified(account_id)
        return challenge

    async def _answer(self, send: Send, status: int, text: str, *, close: bool) -> None:
        body = text.encode()
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            *self._headers,
        ]
        if status == 405:  # noqa: PLR2004 - Method Not Allowed must name what is
            headers.append((b"allow", b"GET, POST"))
        if close:
            headers.append((b"connection", b"close"))
        if status == 503:  # noqa: PLR2004 - Service Unavailable says when to come again
            headers.append((b"retry-after", b"5"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _account_id(scope: Scope) -> str:
    """The account that an address names: a slash at its end is a slip, any other spelling is no address."""
    address: str = scope["path"].removeprefix(WEBHOOKS).removesuffix("/")
    if not address or "/" in address or b"%" in scope.get("raw_path", b""):
        raise _RefusedError(404, _UNKNOWN_ACCOUNT, "unknown_account", unread=True)
    return address
