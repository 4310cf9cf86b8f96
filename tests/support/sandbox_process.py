"""A sandbox as a process of its own, and the calls a test makes to it."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from support.paths import ROOT

READY_SECONDS = 60
"""A loaded machine takes its time."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def sandbox(port: int, directory: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A sandbox process, killed at the end without a chance to say goodbye."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "sandbox", "--port", str(port)),
        *("--state", str(directory / "state"), "--ledger", str(directory / "ledger")),
        cwd=ROOT,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            await _up(client)
            yield client
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()


async def _up(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(READY_SECONDS):
        while True:
            with contextlib.suppress(httpx.ConnectError):
                await client.get("/_sandbox/clock")
                return
            await asyncio.sleep(0.05)  # a process is starting


async def control(client: httpx.AsyncClient, path: str, **body: Any) -> Any:
    answer = await client.post(f"/_sandbox{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()
