"""One call to the Graph API: how it is read off the wire, who it claims to be, and how it is answered."""

import functools
import hashlib
import hmac
import re
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope

from sandbox.answering import PLAIN, Headers, Manner
from sandbox.model import App, Token

VERSION = re.compile(r"v\d{1,2}\.\d$")


@dataclass(slots=True)
class Upload:
    """One file of a multipart call."""

    content: bytes
    content_type: str


@dataclass(slots=True)
class Call:
    """A call, read but not yet judged. `params` joins query and body; `place` says where the token was."""

    number: int
    method: str
    path: str
    node: str
    edge: str
    base_url: str
    params: dict[str, Any]
    token: str | None
    place: str  # header, query, body, none
    proof: str  # ok, wrong, missing
    app: App | None = None
    grant: Token | None = None  # None: an app access token
    size: int = 0
    broken: str | None = None  # what is wrong with the body
    uploads: dict[str, Upload] = field(default_factory=dict)
    kind: str = ""  # as faults name it, see `fault_kinds.CALLS`
    delayed: bool = False  # by a fault, before it was looked at

    @property
    def page_id(self) -> str | None:
        """The Page whose token this is."""
        return None if self.grant is None else self.grant.page_id

    def json(self, name: str) -> Any:
        """A parameter that may come as JSON text (forms, queries). Text that is no JSON stays text."""
        value = self.params.get(name)
        if not isinstance(value, str):
            return value
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value

    def text(self, name: str) -> str | None:
        """A parameter as text; numbers are taken as their digits."""
        value = self.params.get(name)
        return None if value is None else str(value)


@dataclass(slots=True)
class Reply:
    """An answer. `then` runs after it has left, or after the client has gone.

    `recorded` says that the handler has already written the ledger's decision line.
    """

    body: bytes
    status: int = 200
    shown: str = "reply"
    content_type: str = "application/json"
    then: Callable[[], None] | None = None
    recorded: bool = False
    manner: Manner = PLAIN
    usage: Headers | None = None  # usage headers of its own


def reply(value: Any) -> Reply:
    """A JSON answer."""
    return Reply(orjson.dumps(value))


async def read(scope: Scope, receive: Receive, number: int) -> Call:
    """Read a call. Raises `ClientDisconnect` if the client leaves before its body is whole."""
    path: str = scope["path"]
    parts = path.strip("/").split("/")
    if parts and VERSION.match(parts[0]):
        del parts[0]
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    params: dict[str, Any] = {}
    if scope["query_string"]:
        params.update(urllib.parse.parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    token, place = _bearer(headers.get(b"authorization")), "header"
    if token is None:
        token, place = params.get("access_token"), "query"
    body, uploads, size, broken = await _body(scope, receive, headers)
    params.update(body)
    if token is None:
        token, place = params.get("access_token"), "body"
    return Call(
        number=number,
        method=scope["method"],
        path=path,
        node=parts[0] if parts else "",
        edge="/".join(parts[1:]),
        base_url=f"{scope.get('scheme', 'http')}://{headers.get(b'host', 'localhost')}",
        params=params,
        token=token,
        place="none" if token is None else place,
        proof="missing",
        size=size,
        broken=broken,
        uploads=uploads,
    )


def _bearer(header: str | None) -> str | None:
    kind, _, value = (header or "").partition(" ")
    return value.strip() if kind.lower() in {"bearer", "oauth"} and value else None


Body = tuple[dict[str, Any], dict[str, Upload], int, str | None]


async def _body(scope: Scope, receive: Receive, headers: dict[bytes, str]) -> Body:
    content_type = headers.get(b"content-type", "")
    if content_type.startswith("multipart/"):
        return await _multipart(scope, receive)
    chunks = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    raw = b"".join(chunks)
    if not raw:
        return {}, {}, 0, None
    if content_type.startswith("application/x-www-form-urlencoded"):
        return dict(urllib.parse.parse_qsl(raw.decode("utf-8", "replace"))), {}, len(raw), None
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}, {}, len(raw), "The body is not valid JSON"
    if not isinstance(value, dict):
        return {}, {}, len(raw), "The body is not a JSON object"
    return value, {}, len(raw), None


async def _multipart(scope: Scope, receive: Receive) -> Body:
    params: dict[str, Any] = {}
    uploads: dict[str, Upload] = {}
    try:
        async with Request(scope, receive).form() as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    uploads[name] = Upload(
                        await value.read(), value.content_type or "application/octet-stream"
                    )
                else:
                    params[name] = value
    except HTTPException as error:
        return params, uploads, 0, f"The form cannot be read: {error.detail}"
    return params, uploads, sum(len(upload.content) for upload in uploads.values()), None


@functools.lru_cache(maxsize=1024)
def appsecret_proof(app_secret: str, token: str) -> str:
    """The hex HMAC-SHA256 of the token, keyed by the app secret."""
    return hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
