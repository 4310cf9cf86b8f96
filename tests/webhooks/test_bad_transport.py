"""W27 to W31 of docs/reference/bad-input.md: how a body comes over the socket."""

import asyncio
import contextlib
import gzip
import socket
import time

import pytest

from api.webhooks.bodies import BODY_TIMEOUT_SECONDS, MAX_BODY_BYTES
from sandbox import wire
from support.deliveries import body_of, new_psid, text_event
from support.store import APP_SECRET
from support.way_in import WayIn

pytestmark = pytest.mark.asyncio(loop_scope="session")

MIB = 1024 * 1024


def head(way_in: WayIn, *lines: str, signed: bytes = b"") -> bytes:
    """The head of a POST whose signature is of `signed`."""
    signature = wire.signature_headers(signed, APP_SECRET)["X-Hub-Signature-256"]
    request = [f"POST {way_in.path} HTTP/1.1", "Host: desk.test", f"X-Hub-Signature-256: {signature}", *lines]
    return "\r\n".join([*request, "", ""]).encode()


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def statuses(answer: bytes) -> list[int]:
    """The status of every response in an answer."""
    return [int(line.split()[1]) for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(body_of(text_event(new_psid())), id="W27"),
        pytest.param(b" " * 64 * MIB, id="W27-bomb"),
    ],
)
async def test_a_compressed_body_is_taken_as_the_bytes_it_is_and_never_unfolded(
    way_in: WayIn, content: bytes
) -> None:
    body, before = gzip.compress(content), way_in.resident()
    headers = {"Content-Encoding": "gzip", **wire.signature_headers(body, APP_SECRET)}
    taken = await way_in.take(body, headers)
    assert [(event.kind, event.raw) for event in taken.events] == [("unparseable", body)]
    assert taken.set_aside == [("kept", "it cannot be read.")]
    assert way_in.resident() - before < 16 * MIB


@pytest.mark.parametrize("pause", [pytest.param(1.0, id="W28")])
async def test_a_body_of_one_byte_a_second_is_given_up_and_stops_nobody_else(
    way_in: WayIn, pause: float
) -> None:
    before, started = await way_in.newest(), time.monotonic()
    bytes_one_by_one = (chunk(b" ") for _ in range(100))
    slow = asyncio.create_task(
        way_in.raw(head(way_in, "Transfer-Encoding: chunked"), *bytes_one_by_one, pause=pause)
    )
    await asyncio.sleep(2 * pause)
    assert len((await way_in.take(body_of(text_event(new_psid())))).messages) == 1
    assert statuses(await slow)[0] == 408
    assert BODY_TIMEOUT_SECONDS <= time.monotonic() - started < 100 * pause
    assert await way_in.newest() == before + 1


LENGTHS = [
    pytest.param(["Content-Length: {short}"], {400, 401}, id="W29-too-short"),
    pytest.param(["Content-Length: -1"], {400}, id="W29-negative"),
    pytest.param(["Content-Length: {right}", "Content-Length: {short}"], {400}, id="W29-two"),
    pytest.param(["Content-Length: {right}", "Content-Length: {right}"], {400}, id="W29-two-equal"),
    pytest.param(["Content-Length: {right}", "Transfer-Encoding: chunked"], {400}, id="W29-both"),
    pytest.param(["Transfer-Encoding: chunked", "Content-Length: {right}"], {400}, id="W29-both-turned"),
    pytest.param(["Transfer-Encoding: xchunked"], {400}, id="W29-unknown-encoding"),
    pytest.param(["Content-Length: 1{right}_0"], {400}, id="W29-underscore"),
]


@pytest.mark.parametrize(("lines", "expected"), LENGTHS)
async def test_a_length_that_lies_or_is_doubled_is_refused_and_smuggles_no_second_request(
    way_in: WayIn, lines: list[str], expected: set[int]
) -> None:
    body, before = body_of(text_event(new_psid())), await way_in.newest()
    lengths = {"right": str(len(body)), "short": str(len(body) - 10)}
    smuggled = head(way_in, f"Content-Length: {len(body)}", signed=body) + body
    request = head(way_in, *(line.format(**lengths) for line in lines), signed=body)
    answer = await way_in.raw(request + body + smuggled, pause=0.2)
    assert set(statuses(answer)) <= expected
    assert statuses(answer)
    assert await way_in.newest() == before


@pytest.mark.parametrize("missing", [pytest.param(10, id="W29-too-long")])
async def test_a_body_that_ends_before_its_length_is_nothing(way_in: WayIn, missing: int) -> None:
    body, before = body_of(text_event(new_psid())), await way_in.newest()
    host, _, port = way_in.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(head(way_in, f"Content-Length: {len(body) + missing}", signed=body) + body)
    writer.write_eof()
    assert await reader.read() == b""
    writer.close()
    assert await way_in.newest() == before


@pytest.mark.parametrize(
    "size", [pytest.param(9 * MIB, id="W30"), pytest.param(MAX_BODY_BYTES + 1, id="W30-one-byte-too-many")]
)
async def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes(way_in: WayIn, size: int) -> None:
    answer = await way_in.raw(head(way_in, f"Content-Length: {size}"), b" " * 100, pause=5)
    assert statuses(answer) == [413]


@pytest.mark.parametrize("megabytes", [pytest.param(256, id="W30-chunked")])
async def test_a_body_without_length_is_refused_when_it_grows_too_large_and_is_not_kept(
    way_in: WayIn, megabytes: int
) -> None:
    before, memory = await way_in.newest(), way_in.resident()
    host, _, port = way_in.address.rpartition(":")
    loop = asyncio.get_running_loop()
    # A socket by itself: a stream may forget what it has received when the other side ends the connection.
    with socket.create_connection((host, int(port))) as connection:
        connection.setblocking(False)
        await loop.sock_sendall(connection, head(way_in, "Transfer-Encoding: chunked"))
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < megabytes:
                await loop.sock_sendall(connection, chunk(b" " * MIB))
                sent += 1
        assert statuses(await loop.sock_recv(connection, 4096)) == [413]
    assert sent < 32
    assert way_in.resident() - memory < 24 * MIB
    assert await way_in.newest() == before


@pytest.mark.parametrize("size", [pytest.param(MAX_BODY_BYTES, id="W30-just-not-too-large")])
async def test_a_body_of_8_mib_is_taken(way_in: WayIn, size: int) -> None:
    body = body_of(text_event(new_psid()))
    taken = await way_in.take(body[:-1] + b" " * (size - len(body)) + b"}")
    assert len(taken.messages) == 1


@pytest.mark.parametrize(
    "content_type",
    [
        pytest.param("application/x-www-form-urlencoded", id="W31-form"),
        pytest.param("multipart/form-data; boundary=x", id="W31-multipart"),
        pytest.param(None, id="W31-none"),
        pytest.param("text/html; charset=utf-7", id="W31-odd"),
    ],
)
async def test_the_content_type_is_not_looked_at(way_in: WayIn, content_type: str | None) -> None:
    body = body_of(text_event(new_psid()))
    headers = wire.signature_headers(body, APP_SECRET)
    if content_type is not None:
        headers["Content-Type"] = content_type
    assert len((await way_in.take(body, headers)).messages) == 1


UNREAD: list[tuple[str, list[str], int]] = [
    ("/webhooks/messenger/nobody", [f"X-Hub-Signature-256: sha256={'0' * 64}"], 404),
    ("{path}", [], 401),
    ("{path}", ["X-Hub-Signature-256: sha256=0"], 401),
    ("{path}", [f"X-Hub-Signature-256: sha256={'g' * 64}"], 401),
    ("{path}", [f"X-Hub-Signature-256: sha256={'0' * 64}"] * 2, 401),
    ("{path}", [f"X-Hub-Signature: sha1={'0' * 40}"], 401),
]


@pytest.mark.parametrize(("path", "headers", "status"), UNREAD)
async def test_what_its_head_condemns_is_refused_before_its_body(
    way_in: WayIn, path: str, headers: list[str], status: int
) -> None:
    lines = [f"POST {path.format(path=way_in.path)} HTTP/1.1", "Host: desk.test", *headers]
    request = "\r\n".join([*lines, f"Content-Length: {8 * MIB}", "", ""]).encode()
    answer = await way_in.raw(request, pause=5)
    assert statuses(answer) == [status]
    assert b"connection: close" in answer


async def test_an_expected_100_is_not_sent_to_who_is_refused(way_in: WayIn) -> None:
    head = f"POST {way_in.path} HTTP/1.1\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n".encode()
    assert statuses(await way_in.raw(head, pause=5)) == [401]


async def test_large_deliveries_at_once_are_all_taken_and_need_little_memory(way_in: WayIn) -> None:
    text = body_of(text_event(new_psid()))
    body = text[:-1] + b" " * (4 * MIB - len(text)) + b"}"
    before = way_in.resident()
    answers = await asyncio.gather(*(way_in.post(body) for _ in range(12)))
    assert [answer.status_code for answer in answers] == [200] * 12
    assert way_in.resident() - before < 40 * MIB


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "alias", ["/webhooks/messenger/x/{id}", "/webhooks/messenger//{id}", "/webhooks/messenger/{coded}"]
)
async def test_an_address_has_one_spelling(way_in: WayIn, method: str, alias: str) -> None:
    account_id = way_in.path.rsplit("/", 1)[-1]
    path = alias.format(id=account_id, coded=f"%{ord(account_id[0]):x}{account_id[1:]}")
    head = f"{method} {path} HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
    assert statuses(await way_in.raw(head, pause=5)) == [404]


async def test_a_slash_at_the_end_of_the_callback_is_no_other_address(way_in: WayIn) -> None:
    body = body_of(text_event(new_psid()))
    assert (await way_in.post(body, path=way_in.path + "/")).status_code == 200
    await way_in.routed()
