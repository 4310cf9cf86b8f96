"""Connections that cost the attacker nothing: idle, unfinished, unread. Meanwhile Meta is served."""

import asyncio

import pytest

from attacks.desk import MIB, AttackedDesk, Connection
from base.http.connections import MAX_WAITING_PER_SOURCE
from base.http.protocol import HEAD_SECONDS, STALL_SECONDS

pytestmark = [pytest.mark.attack, pytest.mark.asyncio(loop_scope="session")]


async def test_a_thousand_idle_connections_keep_nobody_out(desk: AttackedDesk) -> None:
    async with desk.connections(1000) as idle:
        await desk.deliver()
        assert sum(not each.reader.at_eof() for each in idle) <= MAX_WAITING_PER_SOURCE


async def test_heads_that_never_end_keep_nobody_out_and_are_ended_in_time(desk: AttackedDesk) -> None:
    async def trickle(connection: Connection) -> int | None:
        lines = (f"X-{number}: y\r\n".encode() for number in range(90))
        return await connection.trickle(b"POST / HTTP/1.1\r\n", lines, pause=0.5)

    async with desk.connections(400) as slow, asyncio.timeout(HEAD_SECONDS + 30):
        trickling = asyncio.gather(*map(trickle, slow))
        await desk.deliver()
        statuses = await trickling
    assert set(statuses) <= {None, 408}  # those that made room for others are not told why
    assert statuses.count(408) > 0


async def test_bodies_that_never_end_keep_nobody_out(desk: AttackedDesk) -> None:
    async def trickle(connection: Connection) -> int | None:
        return await connection.trickle(desk.signed_head(b"{}", length=MIB), [b" "] * 200, pause=0.2)

    async with desk.connections(400) as slow, asyncio.timeout(60):
        trickling = asyncio.gather(*map(trickle, slow))
        await desk.deliver()
        statuses = await trickling
    assert set(statuses) <= {None, 408}


async def test_answers_that_nobody_reads_keep_nobody_out(desk: AttackedDesk) -> None:
    request = b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    async with desk.connections(50) as readers, desk.memory() as memory, asyncio.timeout(STALL_SECONDS + 60):
        for connection in readers:
            connection.writer.transport.pause_reading()  # type: ignore[attr-defined] # the selector loop's has it
        await asyncio.gather(*(connection.send(request * 8) for connection in readers))
        await desk.deliver()
    assert memory.growth < 200 * MIB


@pytest.mark.parametrize(
    "line", [b"X-Filler: " + b"x" * 1000 + b"\r\n", b"x" * 65536], ids=["lines", "one line"]
)
async def test_an_endless_head_is_refused_and_costs_no_memory(desk: AttackedDesk, line: bytes) -> None:
    async with desk.memory() as memory:
        connections = [await desk.connect() for _ in range(20)]
        await asyncio.gather(*(_pour(connection, line) for connection in connections))
        statuses = await asyncio.gather(*(connection.status() for connection in connections))
        for connection in connections:
            connection.writer.close()
    assert set(statuses) <= {431, None}
    assert 431 in statuses
    assert memory.growth < 50 * MIB


async def test_the_local_messenger_refuses_an_endless_head_too(desk: AttackedDesk) -> None:
    connection = await desk.connect(desk.sandbox_port)
    await _pour(connection, b"X-Filler: " + b"x" * 1000 + b"\r\n")
    assert await connection.status() == 431
    connection.writer.close()


async def _pour(connection: Connection, line: bytes, megabytes: int = 16) -> None:
    await connection.send(b"GET / HTTP/1.1\r\nX: ")
    for _ in range(megabytes * MIB // len(line)):
        if not await connection.send(line):
            return
