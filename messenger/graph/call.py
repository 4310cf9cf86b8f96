"""One HTTP call to the Graph API: its credentials, time limits and ways to fail.

Every call carries its token in the Authorization header and an `appsecret_proof` (hex HMAC-SHA256 of the
token, keyed by the app secret); redirects are not followed and nothing is repeated. A call ends in one of
three ways, because only the first is safe to repeat: nothing was written, an answer came, or anything else.
"""

import asyncio
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any

import httpx

from messenger.field_reader import storable
from messenger.json_parser import decode
from messenger.redaction import hide_queries_in_logs

CONNECT_TIMEOUT_SECONDS = 5.0
POOL_TIMEOUT_SECONDS = 3.0
"""Waiting for a free connection, connecting and TLS together end before the total, so that a call which has
written nothing never looks like one that may have."""
READ_TIMEOUT_SECONDS = 10.0
WRITE_TIMEOUT_SECONDS = 10.0
TOTAL_TIMEOUT_SECONDS = 15.0
UPLOAD_TIMEOUT_SECONDS = 20.0
"""Less than a send may take as a whole: a file is uploaded before its message is sent."""
MAX_ANSWER_BYTES = 1024 * 1024

_TIMEOUTS = httpx.Timeout(
    connect=CONNECT_TIMEOUT_SECONDS,
    read=READ_TIMEOUT_SECONDS,
    write=WRITE_TIMEOUT_SECONDS,
    pool=POOL_TIMEOUT_SECONDS,
)
_NOTHING_WRITTEN = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class NothingWrittenError(Exception):
    """No byte of the request left: no name, no connection, no TLS, or a request that cannot be built."""


class AnswerLostError(Exception):
    """The request may have left and no whole answer came: the other side may have done it."""


@dataclass(frozen=True, slots=True)
class Access:
    """A token to act with and the secret of its app to prove it. Both stay out of repr.

    `page_id` is None where the app itself acts.
    """

    token: str
    app_secret: str
    app_id: str = ""
    page_id: str | None = None

    def __repr__(self) -> str:
        """Without the token and the secret."""
        return "Access(…)"

    @property
    def proof(self) -> str:
        """The `appsecret_proof` of the token."""
        return hmac.digest(self.app_secret.encode(), self.token.encode(), "sha256").hex()


@dataclass(frozen=True, slots=True)
class Upload:
    """A file for Meta, with the name and type that the customer sees. Read from its current position."""

    name: str
    content_type: str
    content: IO[bytes]


@dataclass(frozen=True, slots=True)
class GraphAnswer:
    """A whole answer. `content` is its JSON, None if it is too long, encoded or no JSON."""

    status: int
    content: Any
    headers: Mapping[str, str]

    @property
    def body(self) -> dict[str, Any] | None:
        """The JSON object, which all answers are but those of batch calls."""
        return self.content if isinstance(self.content, dict) else None


Watch = Callable[[Access, Mapping[str, str]], None]
"""Is shown the headers of every answer."""


class GraphCaller:
    """Calls one version of the Graph API. The HTTP client is the caller's, to share and to close."""

    def __init__(
        self, http: httpx.AsyncClient, base_url: str, version: str, watch: Watch | None = None
    ) -> None:
        self._http = http
        self._watch = watch
        self._root = f"{base_url.rstrip('/')}/{version}/"
        hide_queries_in_logs()

    async def call(
        self,
        method: str,
        path: str,
        access: Access,
        *,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        file: Upload | None = None,
    ) -> GraphAnswer:
        """Make one call and return its answer, whatever its status. A `file` goes with a form.

        Raises NothingWrittenError and AnswerLostError. A cancelled call is as uncertain as a lost answer.
        """
        request = self._request(method, path, access, query=query or {}, form=form, body=body, file=file)
        try:
            async with asyncio.timeout(UPLOAD_TIMEOUT_SECONDS if file else TOTAL_TIMEOUT_SECONDS):
                response = await self._http.send(request, stream=True, follow_redirects=False)
                if self._watch is not None:
                    self._watch(access, response.headers)
                try:
                    return GraphAnswer(response.status_code, await _json(response), dict(response.headers))
                finally:
                    await response.aclose()
        except _NOTHING_WRITTEN as error:
            raise NothingWrittenError(_name(error)) from None
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            raise AnswerLostError(_name(error)) from None

    def _request(
        self,
        method: str,
        path: str,
        access: Access,
        *,
        query: Mapping[str, str],
        form: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        file: Upload | None,
    ) -> httpx.Request:
        if not (access.token.isascii() and access.token.isprintable()):
            raise NothingWrittenError("token_not_sendable")
        headers = {
            "Authorization": f"Bearer {access.token}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # decompressed it could exceed the limit on its size
        }
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body, separators=(",", ":")).encode()
        return self._http.build_request(
            method,
            self._root + path,
            params={**query, "appsecret_proof": access.proof},
            headers=headers,
            content=content,
            data=form,
            files={"filedata": (file.name, file.content, file.content_type)} if file else None,
            timeout=_TIMEOUTS,
        )


async def _json(response: httpx.Response) -> Any:
    if response.headers.get("content-encoding", "identity") != "identity":
        return None
    content = b""
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            return None
    return read_json(content)


def read_json(content: bytes) -> Any:
    """The JSON of an answer, None if it is none. Its texts are storable, as those of webhooks are."""
    try:
        return storable(decode(content))
    except (ValueError, RecursionError):
        return None


def _name(error: Exception) -> str:
    """The kind of failure alone: the texts of such errors may repeat a header."""
    return type(error).__name__
