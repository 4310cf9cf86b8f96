"""`kill -9` and a second start: apps, people, windows, clock and undelivered webhooks go on."""

import asyncio
import contextlib
import hashlib
import hmac
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson

from support.sandbox_driver import APP, PAGE, PSID, SECRET, TOKEN
from support.sandbox_process import control, free_port, sandbox

FIELDS = ["messages", "message_echoes"]


async def send(client: httpx.AsyncClient, text: str) -> httpx.Response:
    return await client.post(
        f"/v26.0/{PAGE}/messages",
        json={
            "recipient": {"id": PSID},
            "message": {"text": text},
            "appsecret_proof": hmac.new(SECRET.encode(), TOKEN.encode(), hashlib.sha256).hexdigest(),
        },
        headers={"Authorization": f"Bearer {TOKEN}"},
    )


@contextlib.asynccontextmanager
async def desk(port: int, bodies: list[Any]) -> AsyncIterator[None]:
    """A webhook endpoint that says 200 and keeps what came."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
                bodies.append(orjson.loads(await reader.readexactly(length)))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", port):
        yield


async def test_a_killed_sandbox_goes_on(tmp_path: Path) -> None:
    graph_port, desk_port = free_port(), free_port()
    callback = f"http://127.0.0.1:{desk_port}/webhooks"
    async with sandbox(graph_port, tmp_path) as client:
        await control(client, "/apps", app_id=APP, app_secret=SECRET, callback_url=callback, fields=FIELDS)
        page = {"page_id": PAGE, "access_token": TOKEN, "app_id": APP, "subscribed_fields": FIELDS}
        await control(client, "/pages", **page)
        await control(client, "/customers", page_id=PAGE, psid=PSID, name="Ada Byron")
        await control(client, "/settings", window_lengths_s={"message": 7200})
        before = (await control(client, "/clock", advance_seconds=3_600_000))["now_ms"]
        await control(client, f"/customers/{PAGE}/{PSID}/say", text="hello")
        assert (await send(client, "answer")).status_code == 200
        assert len((await client.get("/_sandbox/deliveries")).json()["pending"]) == 2

    bodies: list[Any] = []
    async with desk(desk_port, bodies), sandbox(graph_port, tmp_path) as client:
        assert before <= (await client.get("/_sandbox/clock")).json()["now_ms"] < before + 120_000
        await control(client, "/wait", what="delivered_all", timeout=10)
        told = [body["entry"][0]["messaging"][0]["message"] for body in bodies]
        assert [(message["text"], message.get("is_echo", False)) for message in told] == [
            ("hello", False),
            ("answer", True),
        ]
        thread = (await client.get(f"/_sandbox/threads/{PAGE}/{PSID}")).json()
        assert [message["text"] for message in thread["messages"]] == ["hello", "answer"]
        assert [message["mid"] for message in thread["messages"]] == [message["mid"] for message in told]
        assert thread["thread"]["window"]["stage"] == "standard"
        assert (await send(client, "still here")).status_code == 200
        await control(client, "/clock", advance_seconds=7200)
        assert (await send(client, "too late")).status_code == 400

    lines = [orjson.loads(line) for line in (tmp_path / "ledger" / "graph.jsonl").read_bytes().splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    decisions = [line["outcome"] for line in lines if line["line"] == "decision"]
    assert decisions == ["accepted", "accepted", "rejected"]
