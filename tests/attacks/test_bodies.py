"""Bodies as large as they may be, all at once, from somebody who cannot sign."""

import asyncio
from collections.abc import Callable

import pytest

from api.webhooks.bodies import MAX_BODY_BYTES
from attacks.desk import MIB, AttackedDesk

pytestmark = [pytest.mark.attack, pytest.mark.asyncio(loop_scope="session")]

AT_ONCE = 40
MAX_GROWTH_BYTES = 50 * MIB

HEADS: dict[str, Callable[[AttackedDesk], bytes]] = {
    "an unknown account": lambda desk: desk.head(
        "/webhooks/messenger/nobody", f"X-Hub-Signature-256: sha256={'0' * 64}", length=MAX_BODY_BYTES
    ),
    "no signature": lambda desk: desk.head(desk.webhook, length=MAX_BODY_BYTES),
    "a wrong signature": lambda desk: desk.signed_head(b"something else", length=MAX_BODY_BYTES),
    "no key": lambda desk: desk.head("/v1/attachments?name=x.png", length=MAX_BODY_BYTES),
    "no key for JSON": lambda desk: desk.head(
        "/v1/agents", "Content-Type: application/json", length=MAX_BODY_BYTES
    ),
    "a sign-in": lambda desk: desk.head(
        "/v1/sign-in", "Content-Type: application/json", length=MAX_BODY_BYTES
    ),
}


@pytest.mark.parametrize("who", HEADS)
async def test_forty_large_posts_cost_little_memory_and_keep_nobody_out(desk: AttackedDesk, who: str) -> None:
    head, piece = HEADS[who](desk), b" " * 64 * 1024

    async def post() -> int | None:
        connection = await desk.connect()
        sent = await connection.send(head)
        for _ in range(MAX_BODY_BYTES // len(piece)):
            sent = sent and await connection.send(piece)
        status = await connection.status(60)
        connection.writer.close()
        return status

    await desk.deliver(3)  # what is made for the first one stays
    async with desk.memory() as memory:
        posting = asyncio.gather(*(post() for _ in range(AT_ONCE)))
        await desk.deliver(5)
        statuses = await posting
    assert {status for status in statuses if status is not None} <= {401, 404, 413, 503}
    assert memory.growth < MAX_GROWTH_BYTES
