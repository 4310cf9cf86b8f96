"""What faults make of a file that is served from `/_sandbox/media`: the sandbox as a poor CDN."""

import base64
import itertools
from collections.abc import Callable, Iterable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox.answering import PLAIN, Manner, put
from sandbox.faults import Fault

MEGABYTE = 1024 * 1024
CHUNK = bytes(64 * 1024)


class Spoilt(Response):
    """A response that goes on the wire in a manner of its own."""

    def __init__(
        self, status: int, headers: dict[str, str], body: bytes | Iterable[bytes], manner: Manner = PLAIN
    ) -> None:
        super().__init__(b"", status)
        self._given_headers = [
            (name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()
        ]
        self._body = body
        self._manner = manner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        del scope
        await put(
            receive,
            send,
            status=self.status_code,
            headers=self._given_headers,
            body=self._body,
            manner=self._manner,
        )


def spoil(fault: Fault, content: bytes, headers: dict[str, str]) -> Response:
    """The answer to a request for a file that would have had this content and these headers."""
    return _SPOILT[fault.kind](fault, content, headers)


def _status(fault: Fault, _: bytes, __: dict[str, str]) -> Response:
    return Spoilt(fault.values["status"], {"Content-Type": "text/plain"}, b"URL signature expired")


def _redirect(fault: Fault, _: bytes, __: dict[str, str]) -> Response:
    return Spoilt(fault.values["status"], {"Location": fault.values["to"]}, b"")


def _endless(fault: Fault, _: bytes, __: dict[str, str]) -> Response:
    """Zeros, until the client has had enough or the fault is lifted."""
    size, declared = fault.values["megabytes"] * MEGABYTE, fault.values["declared"]
    zeros = itertools.repeat(CHUNK, size // len(CHUNK))
    parts = itertools.takewhile(lambda _: not fault.lifted.is_set(), zeros)
    manner = Manner(
        chunk=len(CHUNK), length=size if declared else None, chunked=not declared, lifted=fault.lifted
    )
    return Spoilt(200, {"Content-Type": fault.values["content_type"]}, parts, manner)


def _drip(fault: Fault, content: bytes, headers: dict[str, str]) -> Response:
    manner = Manner(chunk=fault.values["bytes"], pause_s=fault.values["pause_s"], lifted=fault.lifted)
    return Spoilt(200, headers, content, manner)


def _hang(fault: Fault, content: bytes, headers: dict[str, str]) -> Response:
    return Spoilt(200, headers, content, Manner(fault.values["seconds"], lifted=fault.lifted))


def _length(fault: Fault, content: bytes, headers: dict[str, str]) -> Response:
    declared = fault.values["declared"]
    return Spoilt(200, headers, content[:declared], Manner(length=declared))


def _body(fault: Fault, content: bytes, headers: dict[str, str]) -> Response:
    values = fault.values
    if values["body_base64"] is not None:
        content = base64.b64decode(values["body_base64"])
    elif values["body_text"] is not None:
        content = values["body_text"].encode()
    changed = {"Content-Type": values["content_type"], "Content-Encoding": values["content_encoding"]}
    given = {name: value for name, value in changed.items() if value is not None}
    return Spoilt(200, {**headers, **given}, content)


_SPOILT: dict[str, Callable[[Fault, bytes, dict[str, str]], Response]] = {
    "media_status": _status,
    "media_redirect": _redirect,
    "media_endless": _endless,
    "media_drip": _drip,
    "media_hang": _hang,
    "media_length": _length,
    "media_body": _body,
}
