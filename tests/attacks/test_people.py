"""What somebody with a key, a form to sign in at, or a bot in Messenger may do to the others."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from chaos.installation import PAGES

from api.events.event_hub import STREAMS_PER_AGENT
from attacks.desk import META_GIVES_UP_SECONDS, AttackedDesk
from domain.conversations.automated_messages import MAX_IN_PERIOD
from support.eventually import eventually

pytestmark = [pytest.mark.attack, pytest.mark.asyncio(loop_scope="session")]

PASSWORD = "correct horse battery staple"


@pytest_asyncio.fixture(loop_scope="session")
async def sandbox(desk: AttackedDesk) -> AsyncIterator[httpx.AsyncClient]:
    async with desk.installation.sandbox() as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def admin(desk: AttackedDesk) -> AsyncIterator[httpx.AsyncClient]:
    async with desk.installation.api() as client:
        yield client


async def _customer(sandbox: httpx.AsyncClient) -> str:
    made = await sandbox.post("/_sandbox/customers", json={"page_id": PAGES[0], "name": "Bot"})
    return str(made.raise_for_status().json()["psid"])


async def _says(sandbox: httpx.AsyncClient, psid: str, **message: object) -> None:
    (await sandbox.post(f"/_sandbox/customers/{PAGES[0]}/{psid}/say", json=message)).raise_for_status()


async def _sends(sandbox: httpx.AsyncClient, psid: str, count: int, timeout: float) -> int:  # noqa: ASYNC109
    """How many messages this person has got, as soon as there are so many."""
    wanted = {"what": "send", "recipient": psid, "count": count, "timeout": timeout}
    return len((await sandbox.post("/_sandbox/wait", json=wanted, timeout=timeout + 10)).json()["sends"])


async def test_two_bots_that_answer_each_other_stop_on_the_running_product(
    desk: AttackedDesk, sandbox: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    # Each picture is answered that none are taken here; the bot answers that with three pictures more.
    off = {"attachments_for_customers": False}
    (await admin.patch(f"/v1/pages/{PAGES[0]}", json=off)).raise_for_status()
    psid, answered = await _customer(sandbox), 0
    picture = {
        "type": "image",
        "url": f"{desk.installation.fleet.url('sandbox')}/_sandbox/media/sample-1.png",
    }
    await _says(sandbox, psid, attachments=[picture])
    while (got := await _sends(sandbox, psid, answered + 1, timeout=10)) > answered:
        assert got <= MAX_IN_PERIOD
        answered = got
        for _ in range(3):
            await _says(sandbox, psid, attachments=[picture])
    assert 1 <= answered <= MAX_IN_PERIOD
    for _ in range(20):  # it goes on by itself, and is answered no more
        await _says(sandbox, psid, attachments=[picture] * 5)
    assert await _sends(sandbox, psid, answered + 1, timeout=5) == answered
    (await admin.patch(f"/v1/pages/{PAGES[0]}", json={"attachments_for_customers": True})).raise_for_status()


async def test_searches_that_find_nothing_keep_no_reply_waiting(
    desk: AttackedDesk, sandbox: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    psid = await _customer(sandbox)
    await _says(sandbox, psid, text="Is it in stock?")

    async def opened() -> str | None:
        found = (await admin.get("/v1/conversations", params={"page_id": PAGES[0]})).json()["items"]
        return next((str(one["id"]) for one in found if one["customer"]["psid"] == psid), None)

    conversation_id = await eventually(opened, within=30)
    (await admin.post(f"/v1/conversations/{conversation_id}/pick")).raise_for_status()
    statuses: set[int] = set()

    async def search() -> None:
        _, _, key = await desk.agent()
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=str(admin.base_url), headers=headers, timeout=30) as client:
            for number in range(10_000):
                found = await client.get("/v1/conversations", params={"q": f"zz{number} nothing like this"})
                statuses.add(found.status_code)

    searching = [asyncio.create_task(search()) for _ in range(6)]
    seconds = []
    for number in range(15):
        began = time.monotonic()
        reply = await admin.post(
            f"/v1/conversations/{conversation_id}/messages",
            json={"text": "Yes."},
            headers={"Idempotency-Key": f"searched-{psid}-{number}"},
        )
        seconds.append(time.monotonic() - began)
        assert reply.is_success, reply.text
        assert (await admin.get("/readyz")).status_code == 200
    await desk.deliver(5)
    for task in searching:
        task.cancel()
    await asyncio.wait(searching)
    assert 200 in statuses
    assert statuses <= {200, 429, 503}
    assert statistics.median(seconds) < 2, seconds
    assert max(seconds) < META_GIVES_UP_SECONDS * 2, seconds


async def test_thirty_streams_opened_at_once_are_ten_and_end_with_the_key(
    desk: AttackedDesk, admin: httpx.AsyncClient
) -> None:
    agent_id, key_id, key = await desk.agent()
    request = f"GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
    async with desk.connections(30) as streams:
        await asyncio.gather(*(stream.send(request) for stream in streams))
        heads = [await asyncio.wait_for(stream.reader.readline(), 30) for stream in streams]
        opened = [stream for stream, head in zip(streams, heads, strict=True) if b" 200 " in head]
        assert len(opened) == STREAMS_PER_AGENT
        assert sum(b" 429 " in head for head in heads) == 30 - STREAMS_PER_AGENT
        (await admin.delete(f"/v1/agents/{agent_id}/keys/{key_id}")).raise_for_status()
        revoked_at = time.monotonic()
        for stream in opened:
            ended = await stream.reader.readuntil(b"\r\n0\r\n\r\n")
            assert b"key.revoked" not in ended
        assert time.monotonic() - revoked_at < 4  # the heartbeat alone would take five


async def test_who_guesses_locks_himself_out_and_not_the_owner(desk: AttackedDesk) -> None:
    await desk.agent(email="owner@example.org", password=PASSWORD)

    async def sign_in(address: str, password: str, **more: str) -> httpx.Response:
        transport = httpx.AsyncHTTPTransport(local_address=address)  # all of 127.0.0.0/8 is this machine
        async with httpx.AsyncClient(transport=transport, timeout=30) as client:
            body = {"email": "owner@example.org", "password": password, **more}
            return await client.post(f"http://127.0.0.1:{desk.port}/v1/sign-in", json=body)

    known = (await sign_in("127.0.0.3", PASSWORD)).json()["device_token"]
    guesses = await asyncio.gather(*(sign_in("127.0.0.2", f"guess {number}") for number in range(15)))
    statuses = [guess.status_code for guess in guesses]
    assert statuses.count(401) == 5
    assert set(statuses) == {401, 429}
    assert (await sign_in("127.0.0.2", PASSWORD)).status_code == 429
    assert (await sign_in("127.0.0.2", PASSWORD, device_token=known)).status_code == 201
    assert (await sign_in("127.0.0.4", PASSWORD)).status_code == 201
