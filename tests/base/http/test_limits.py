"""The HTTP server under clients that send too much, too slowly, or do not read."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import uvicorn
import uvloop
from starlette.types import Receive, Scope, Send

from base.http import connections as http_connections
from base.http import protocol as http_protocol
from base.http.connections import Connections
from base.http.proxies import TrustedProxies
from base.http.server import server_config
from support.eventually import eventually

GET = b"GET / HTTP/1.1\r\nHost: desk.test\r\n\r\n"
KIB, MIB = 1024, 1024 * 1024


@dataclass
class App:
    """Reads the body and answers with its length; `/large` answers without reading."""

    seen: list[tuple[str, list[tuple[bytes, bytes]]]] = field(default_factory=list)
    disconnected: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = 0
        if scope["path"] != "/unread":
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    self.disconnected += 1
                    return
                size += len(message.get("body", b""))
                more = message.get("more_body", False)
        self.seen.append((scope["path"], scope["headers"]))
        text = b"x" * 32 * MIB if scope["path"] == "/large" else str(size).encode()
        headers = [(b"content-length", str(len(text)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": text})


@dataclass
class Server:
    """A running server."""

    app: App
    connections: Connections
    port: int

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, limit=64 * MIB)

    async def exchange(self, *parts: bytes, pause: float = 0.0) -> bytes:
        """Everything that comes back until the server ends the connection."""
        reader, writer = await self.connect()
        with contextlib.suppress(ConnectionError):
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
        answer = b""
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(20):
                while piece := await reader.read(65536):
                    answer += piece
        writer.close()
        return answer


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@pytest.fixture
def server() -> Iterator[Server]:
    with _running(Connections(200, TrustedProxies())) as running:
        yield running


@contextlib.contextmanager
def _running(connections: Connections) -> Iterator[Server]:
    """On uvloop, as in production, in a thread of its own."""
    app = App()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = server_config(app, connections=connections, lifespan="off", timeout_graceful_shutdown=1)
        uvicorn_server = _Server(config)

        def run() -> None:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(uvicorn_server.serve(sockets=[listener]))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield Server(app, connections, listener.getsockname()[1])
        uvicorn_server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


def status_of(answer: bytes) -> int:
    return int(answer.split()[1])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Other limits in time; the clock is looked at often."""

    def set_limits(**limits: float) -> None:
        monkeypatch.setattr(http_connections, "SWEEP_SECONDS", 0.05)
        monkeypatch.setattr(http_protocol, "SWEEP_SECONDS", 0.05)
        for name, value in limits.items():
            monkeypatch.setattr(http_protocol, name, value)

    return set_limits


async def _hears_of_the_end(app: App) -> None:
    """The application is told, by a task of its own, that nobody waits for its answer."""

    async def told() -> bool:
        return app.disconnected == 1

    await eventually(told)


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"x" * 70 * KIB + b"\r\n\r\n", id="one whole header"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"x" * 200 * KIB, id="one header without end"),
        pytest.param(b"GET /" + b"x" * 70 * KIB + b" HTTP/1.1\r\n\r\n", id="request line"),
        pytest.param(b"GET /" + b"x" * 200 * KIB, id="request line without end"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 101 + b"\r\n", id="many headers"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 50_000, id="headers without end"),
    ],
)
async def test_a_head_that_is_too_large_is_refused_with_431(server: Server, head: bytes) -> None:
    assert status_of(await server.exchange(head)) == 431
    assert server.app.seen == []
    assert server.connections.ended["431"] == 1


async def test_a_head_up_to_the_limit_is_served(server: Server) -> None:
    head = b"GET / HTTP/1.1\r\nConnection: close\r\nX: " + b"x" * 65_000 + b"\r\n\r\n"
    assert status_of(await server.exchange(head)) == 200


async def test_headers_that_come_in_pieces_are_counted_together(server: Server) -> None:
    pieces = [b"X-%d: " % number + b"x" * 8000 + b"\r\n" for number in range(20)]
    assert status_of(await server.exchange(b"GET / HTTP/1.1\r\n", *pieces, pause=0.001)) == 431


async def test_chunks_that_are_nearly_all_framing_are_refused(server: Server) -> None:
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"1;" + b"x" * 1000 + b"\r\nx\r\n"
    assert status_of(await server.exchange(head, *[chunk] * 200)) == 431
    await _hears_of_the_end(server.app)


async def test_trailers_are_not_headers_and_do_not_pile_up(server: Server) -> None:
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\nx\r\n0\r\n"
    assert status_of(await server.exchange(head + b"Authorization: Bearer x\r\n\r\n")) == 200
    assert [name for name, _ in server.app.seen[0][1]] == [b"transfer-encoding", b"connection"]
    assert status_of(await server.exchange(head, b"X: " + b"x" * 80 * KIB)) == 431


async def test_a_large_body_then_another_request_on_one_connection(server: Server) -> None:
    post = b"POST / HTTP/1.1\r\nContent-Length: 1048576\r\n\r\n" + b"x" * MIB
    last = b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"
    answer = await server.exchange(post, last[:10], last[10:], pause=0.05)
    assert answer.count(b"HTTP/1.1 200 ") == 2
    assert b"\r\n\r\n1048576HTTP" in answer


async def test_a_few_requests_may_come_at_once_and_not_thousands(server: Server) -> None:
    last = b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"
    assert (await server.exchange(GET * 7 + last)).count(b"HTTP/1.1 200 ") == 8
    await server.exchange(GET * 5000)
    assert len(server.app.seen) <= 8 + http_protocol.MAX_PIPELINED + 1


async def test_an_upgrade_is_ignored(server: Server) -> None:
    upgrade = b"GET / HTTP/1.1\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n"
    assert status_of(await server.exchange(upgrade)) == 200


async def test_what_is_not_http_is_refused(server: Server) -> None:
    assert (
        status_of(await server.exchange(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 300)) == 400
    )


@pytest.mark.parametrize("first", [b"", GET], ids=["new", "kept alive"])
async def test_a_head_that_does_not_end_in_time_is_refused_with_408(
    server: Server, quick: Callable[..., None], first: bytes
) -> None:
    quick(HEAD_SECONDS=0.5)
    slow = [b"GET / HTTP/1.1\r\n", *[b"X: y\r\n"] * 30]
    started = time.monotonic()
    answer = await server.exchange(*([first] if first else []), *slow, pause=0.1)
    assert status_of(answer[answer.rindex(b"HTTP/1.1") :]) == 408
    assert len(server.app.seen) == (1 if first else 0)
    assert time.monotonic() - started >= 0.5


async def test_a_connection_that_sends_nothing_is_ended(server: Server, quick: Callable[..., None]) -> None:
    quick(HEAD_SECONDS=0.2)
    assert await server.exchange() == b""
    assert server.connections.ended["idle"] == 1


async def test_a_body_that_trickles_is_refused_with_408(server: Server, quick: Callable[..., None]) -> None:
    quick(BODY_SECONDS=0.3)
    trickle = [b"x"] * 40
    answer = await server.exchange(b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n", *trickle, pause=0.05)
    assert status_of(answer) == 408
    await _hears_of_the_end(server.app)


async def test_a_body_that_comes_at_the_least_rate_is_taken(
    server: Server, quick: Callable[..., None]
) -> None:
    quick(BODY_SECONDS=0.1)
    head = b"POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 40960\r\n\r\n"
    answer = await server.exchange(head, *[b"x" * 4096] * 10, pause=0.05)
    assert answer.endswith(b"40960")


async def test_the_rest_of_a_body_whose_answer_is_there_is_not_waited_for(
    server: Server, quick: Callable[..., None]
) -> None:
    quick(UNREAD_BODY_SECONDS=0.2)
    trickle = [b"x"] * 50
    head = b"POST /unread HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n"
    assert status_of(await server.exchange(head, *trickle, pause=0.05)) == 200
    assert server.connections.ended["unread_body"] == 1


async def test_a_refusal_can_be_read_by_a_client_that_goes_on_sending(server: Server) -> None:
    head = b"POST /unread HTTP/1.1\r\nConnection: close\r\nContent-Length: 8388608\r\n\r\n"
    reader, writer = await server.connect()
    writer.write(head)
    for _ in range(128):
        writer.write(b"x" * 64 * KIB)
        await writer.drain()
    assert status_of(await reader.read()) == 200
    writer.close()


async def test_a_client_that_does_not_read_is_ended(server: Server, quick: Callable[..., None]) -> None:
    quick(STALL_SECONDS=0.5)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", server.port))
        await asyncio.get_running_loop().sock_sendall(client, b"GET /large HTTP/1.1\r\n\r\n")
        async with asyncio.timeout(20):
            while not server.connections.ended["slow_reader"]:  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(0.05)
    async with asyncio.timeout(30):
        while len(server.connections):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_client_that_reads_slowly_but_reads_gets_everything(
    server: Server, quick: Callable[..., None]
) -> None:
    quick(STALL_SECONDS=0.5)
    reader, writer = await server.connect()
    writer.write(b"GET /large HTTP/1.1\r\nConnection: close\r\n\r\n")
    size = 0
    while piece := await reader.read(MIB):
        size += len(piece)
        await asyncio.sleep(0.02)
    writer.close()
    assert size > 32 * MIB


async def test_idle_connections_of_one_source_give_way_to_new_ones(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_connections, "MAX_WAITING_PER_SOURCE", 20)
    monkeypatch.setattr(http_connections, "_MIN_WAIT_SECONDS", 0.0)
    idle = [await server.connect() for _ in range(60)]
    assert status_of(await server.exchange(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")) == 200
    assert len(server.connections) <= 21
    assert server.connections.ended["too_many_of_source"] >= 39
    assert await idle[0][0].read() == b""
    for _, writer in idle:
        writer.close()


async def test_where_all_room_is_taken_the_longest_idle_goes() -> None:
    with _running(Connections(64, TrustedProxies.of("127.0.0.1"))) as server:
        idle = [await server.connect() for _ in range(64)]
        assert status_of(await server.exchange(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")) == 200
        assert server.connections.ended["too_many"] == 1
        for _, writer in idle:
            writer.close()


async def test_a_connection_too_many_is_told_so(server: Server) -> None:
    server.connections.most = 0
    assert status_of(await server.exchange(GET)) == 503
    assert server.connections.ended["refused"] == 1


async def test_the_books_are_empty_when_everybody_has_gone(server: Server) -> None:
    await asyncio.gather(
        *(server.exchange(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n") for _ in range(50))
    )
    async with asyncio.timeout(30):
        while len(server.connections):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert server.connections.waiting == 0
    assert not server.connections._by_source
    assert not server.connections._waiting_by_source


async def test_who_asked_is_told_once_that_the_server_stops_while_connections_are_open() -> None:
    connections, told = Connections(200, TrustedProxies()), list[int]()
    connections.when_stopping.append(lambda: told.append(len(connections)))
    with _running(connections) as server:
        opened = [await server.connect() for _ in range(3)]
        for reader, writer in opened:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert status_of(await reader.readline()) == 200
        assert told == []
    for _, writer in opened:
        writer.close()
    assert told == [3]
