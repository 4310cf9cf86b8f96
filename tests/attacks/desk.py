"""The desk under attack, as it looks from outside: what it answers, how soon, and with how much memory."""

import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import psutil
from chaos.installation import PAGES, Installation
from chaos.processes import API, SANDBOX

from sandbox import wire
from support.deliveries import body_of, new_psid, text_event

MIB = 1024 * 1024
META_GIVES_UP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection of an attacker's."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> bool:
        """Whether it could be sent; the other side may have ended."""
        try:
            self.writer.write(data)
            await self.writer.drain()
        except (ConnectionError, OSError):
            return False
        return not self.reader.at_eof()

    async def trickle(self, head: bytes, pieces: Iterable[bytes], pause: float) -> int | None:
        """Send piece by piece until the server has had enough; the status that it answers, if any."""
        await self.send(head)
        answering = asyncio.create_task(self.status(within=120))
        for piece in pieces:
            await asyncio.wait({answering}, timeout=pause)
            if answering.done() or not await self.send(piece):
                break
        return await answering

    async def answer(self, within: float = 30.0) -> bytes:
        """Everything until the end, which must come."""
        async with asyncio.timeout(within):
            with contextlib.suppress(ConnectionError):
                return await self.reader.read()
        return b""

    async def status(self, within: float = 30.0) -> int | None:
        """The status of the first answer; None where there was none."""
        parts = (await self.answer(within)).split(None, 2)
        return int(parts[1]) if len(parts) > 1 else None


class Memory:
    """The memory of a process while something happens: how much more it was at its highest, in bytes."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._before = self.highest = self._process.memory_info().rss

    @property
    def growth(self) -> int:
        return self.highest - self._before

    async def watch(self) -> None:
        while True:
            self.highest = max(self.highest, self._process.memory_info().rss)
            await asyncio.sleep(0.01)


class AttackedDesk:
    """What attacks need of an installation."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.port = installation.fleet.ports[API]
        self.sandbox_port = installation.fleet.ports[SANDBOX]
        self.webhook = f"/webhooks/messenger/{installation.account_id}"

    def signed_head(self, body: bytes, length: int | None = None) -> bytes:
        """The head of a delivery whose signature has the right form, and is right for this body."""
        signature = wire.signature_headers(body, self.installation.app_secret)["X-Hub-Signature-256"]
        return self.head(self.webhook, f"X-Hub-Signature-256: {signature}", length=length or len(body))

    @staticmethod
    def head(path: str, *headers: str, length: int) -> bytes:
        """The head of a POST."""
        lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {length}", *headers]
        return "\r\n".join([*lines, "", ""]).encode()

    async def connect(self, port: int | None = None) -> Connection:
        """A new connection to the API, or to another port."""
        return Connection(*await asyncio.open_connection("127.0.0.1", port or self.port))

    @contextlib.asynccontextmanager
    async def connections(self, count: int) -> AsyncIterator[Sequence[Connection]]:
        """Many connections, all closed at the end."""
        opened = [await self.connect() for _ in range(count)]
        try:
            yield opened
        finally:
            for connection in opened:
                connection.writer.close()

    @contextlib.asynccontextmanager
    async def memory(self) -> AsyncIterator[Memory]:
        """The API's memory, for the length of the block."""
        memory = Memory(self.installation.fleet._runs[API].pid)
        watching = asyncio.create_task(memory.watch())
        try:
            yield memory
        finally:
            watching.cancel()
            await asyncio.wait({watching})

    async def deliver(self, count: int = 20, pause: float = 0.1) -> None:
        """Deliver signed messages as Meta would, each on a connection of its own: each must be taken in time.

        Half of them within a second, all before Meta gives up: a single one may meet a busy processor.
        """
        seconds = []
        for _ in range(count):
            body = body_of(text_event(new_psid(), PAGES[0]), page_id=PAGES[0])
            headers = wire.signature_headers(body, self.installation.app_secret)
            began = time.monotonic()
            async with httpx.AsyncClient(timeout=META_GIVES_UP_SECONDS, trust_env=False) as meta:
                answer = await meta.post(
                    f"http://127.0.0.1:{self.port}{self.webhook}", content=body, headers=headers
                )
            seconds.append(time.monotonic() - began)
            assert answer.status_code == 200
            await asyncio.sleep(pause)
        assert statistics.median(seconds) < 1, seconds
        assert max(seconds) < META_GIVES_UP_SECONDS, seconds

    def tracebacks(self) -> int:
        """How many tracebacks stand in the logs."""
        logs = [file.read_text(errors="replace") for file in self.installation.directory.glob("*.log")]
        return sum(text.count("Traceback") for text in logs)

    async def agent(self, role: str = "agent", **more: Any) -> tuple[str, str, str]:
        """A new agent: its id, the id of its key, and the key."""
        async with self.installation.api() as api:
            made = await api.post("/v1/agents", json={"name": "Ann", "role": role, **more})
            agent_id = str(made.raise_for_status().json()["id"])
            key = (await api.post(f"/v1/agents/{agent_id}/keys", json={"name": "test"})).raise_for_status()
            return agent_id, str(key.json()["id"]), str(key.json()["key"])
