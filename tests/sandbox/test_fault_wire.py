"""Answers that are lost, late or slow, on real sockets: what a client meets, and what became of its call."""

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from support.sandbox_driver import APP, PAGE, PSID, SECRET, Messenger
from support.sandbox_process import control, free_port, sandbox

ACCEPTED = pytest.mark.parametrize("accept", [False, True])


async def echoes(messenger: Messenger) -> int:
    await messenger.settle()
    return len([event for event in messenger.receiver.events("message") if "is_echo" in event["message"]])


async def raw(messenger: Messenger) -> bytes:
    """All bytes that a send is answered with, until the connection ends."""
    url = messenger.client.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    request = messenger.client.build_request(
        "POST",
        "/v26.0/me/messages",
        json={"recipient": {"id": PSID}, "message": {"text": "hi"}, "appsecret_proof": messenger.proof},
        headers={"Authorization": "Bearer EAA-page-token"},
    )
    head = b"".join(b"%s: %s\r\n" % pair for pair in request.headers.raw)
    writer.write(b"POST %s HTTP/1.1\r\n%s\r\n%s" % (request.url.raw_path, head, request.content))
    try:
        return await asyncio.wait_for(reader.read(), 30)
    finally:
        writer.close()


# -- cut ---------------------------------------------------------------------------------------------------


@ACCEPTED
@pytest.mark.parametrize(
    ("at", "says"),
    [
        ("start", "Server disconnected without sending a response"),
        ("headers", "peer closed connection without sending complete message body"),
        ("body", "peer closed connection without sending complete message body"),
    ],
)
async def test_a_connection_is_closed(wired: Messenger, at: str, says: str, accept: bool) -> None:
    await wired.control("/faults", kind="cut", at=at, accept=accept, times=1)
    with pytest.raises(httpx.RemoteProtocolError, match=says):
        await wired.send()
    assert wired.sent() == await echoes(wired) == accept
    assert wired.decision()["outcome"] == ("accepted" if accept else "not_accepted")
    assert wired.decision()["shown"] == "reply-dropped"
    assert (await wired.send()).status_code == 200


@ACCEPTED
@pytest.mark.parametrize("at", ["start", "headers", "body"])
async def test_a_connection_is_reset(wired: Messenger, at: str, accept: bool) -> None:
    await wired.control("/faults", kind="cut", at=at, reset=True, accept=accept, times=1)
    with pytest.raises(httpx.ReadError):
        await wired.send()
    assert wired.sent() == await echoes(wired) == accept
    assert (await wired.send()).status_code == 200


async def test_what_is_on_the_wire_before_a_cut(wired: Messenger) -> None:
    seen = {}
    for at in ("start", "headers", "body"):
        await wired.control("/faults", kind="cut", at=at, accept=True, times=1)
        seen[at] = await raw(wired)
    assert seen["start"] == b""
    assert seen["headers"].startswith(b"HTTP/1.1 200 OK\r\n")
    assert seen["headers"].endswith(b"\r\n\r\n")
    head, _, body = seen["body"].partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    assert body.startswith(b'{"recipient_id":')
    assert len(body) == length // 2


async def test_a_cut_without_a_socket_is_an_error_of_the_transport(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="cut", accept=True, times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="the sandbox cut the connection"):
        await open_window.send()
    assert open_window.sent() == 1


@ACCEPTED
async def test_a_truncated_body_is_shorter_than_it_claims(wired: Messenger, accept: bool) -> None:
    await wired.control("/faults", kind="truncated", status=200, accept=accept, times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        await wired.send()
    assert wired.sent() == accept
    assert wired.decision()["shown"] == "reply-dropped"
    await wired.control("/faults", kind="truncated", status=200, times=1)
    assert (await raw(wired)).startswith(b"HTTP/1.1 200 OK\r\n")


# -- late and slow -----------------------------------------------------------------------------------------


async def test_a_hanging_answer_to_an_accepted_send_comes_in_the_end(wired: Messenger) -> None:
    await wired.control("/faults", kind="hang", seconds=0.3, accept=True)
    started = time.monotonic()
    answer = await wired.send()
    assert time.monotonic() - started >= 0.3
    assert (answer.status_code, wired.sent()) == (200, 1)
    assert wired.decision()["shown"] == "reply-delayed"


async def test_a_hanging_answer_does_not_hold_the_echo_back(wired: Messenger) -> None:
    await wired.control("/faults", kind="hang", seconds=60, accept=True)
    sending = asyncio.create_task(wired.send())
    await wired.control("/wait", what="send", timeout=5)
    assert await echoes(wired) == 1
    assert not sending.done()
    await wired.client.delete("/_sandbox/faults")
    assert (await sending).status_code == 200


async def test_a_call_that_hangs_before_acceptance_is_never_carried_out(wired: Messenger) -> None:
    await wired.control("/faults", kind="hang", seconds=0.2)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        await wired.send()
    assert (wired.sent(), wired.decision()["outcome"]) == (0, "not_accepted")
    assert wired.decision()["shown"] == "reply-dropped"


@ACCEPTED
async def test_a_client_that_loses_patience_ends_a_hang(wired: Messenger, accept: bool) -> None:
    await wired.control("/faults", kind="hang", seconds=600, accept=accept, times=1)
    wired.client.timeout = httpx.Timeout(0.3)
    with pytest.raises(httpx.ReadTimeout):
        await wired.send()
    wired.client.timeout = httpx.Timeout(5)
    assert wired.sent() == await echoes(wired) == accept


async def test_a_stalled_call_is_carried_out_though_its_client_has_gone(wired: Messenger) -> None:
    await wired.control("/faults", kind="stall", seconds=600, times=1)
    wired.client.timeout = httpx.Timeout(0.3)
    with pytest.raises(httpx.ReadTimeout):
        await wired.send()
    assert wired.sent() == 0
    wired.client.timeout = httpx.Timeout(5)
    await wired.client.delete("/_sandbox/faults")
    await wired.control("/wait", what="send", timeout=5)
    assert wired.sent() == await echoes(wired) == 1
    assert wired.decision()["shown"] == "reply-delayed"


async def test_a_stalled_call_is_judged_when_its_turn_comes(wired: Messenger) -> None:
    await wired.control("/faults", kind="stall", seconds=600, times=1)
    sending = asyncio.create_task(wired.send())
    async with asyncio.timeout(30):
        while not any(line["line"] == "fault" for line in wired.ledger()):
            await wired.world.changes.wait(1)
    await wired.advance(25 * 3600)
    await wired.client.delete("/_sandbox/faults")
    assert (await sending).json()["error"]["error_subcode"] == 2018278


@ACCEPTED
async def test_a_body_drips(wired: Messenger, accept: bool) -> None:
    await wired.control("/faults", kind="drip", bytes=40, pause_s=0.05, accept=accept)
    started = time.monotonic()
    answer = await wired.send()
    assert time.monotonic() - started >= 0.05 * (len(answer.content) // 40)
    assert ("message_id" in answer.json()) == accept
    assert answer.status_code == (200 if accept else 500)
    assert (wired.sent(), wired.decision()["shown"]) == (accept, "reply-delayed")


async def test_one_call_that_hangs_holds_up_no_other(wired: Messenger) -> None:
    await wired.control("/faults", kind="hang", seconds=600, accept=True, times=1)
    hanging = asyncio.create_task(wired.send())
    await wired.control("/wait", what="send", timeout=5)
    assert (await wired.send()).status_code == 200
    assert not hanging.done()
    await wired.client.delete("/_sandbox/faults")
    await hanging


# -- the process -------------------------------------------------------------------------------------------


async def test_a_sandbox_process_cuts_too(tmp_path: Path) -> None:
    """With the event loop and the parser that `python -m sandbox` runs on."""
    async with sandbox(free_port(), tmp_path) as client:
        await control(client, "/apps", app_id=APP, app_secret=SECRET, require_proof=False)
        await control(client, "/pages", page_id=PAGE, access_token="EAAx", app_id=APP)
        for at in ("start", "headers", "body"):
            for reset, error in ((False, httpx.RemoteProtocolError), (True, httpx.ReadError)):
                await control(
                    client, "/faults", kind="cut", at=at, reset=reset, accept=True, calls=["setup"], times=1
                )
                with pytest.raises(error):
                    await client.get("/me", params={"access_token": "EAAx"})
        assert (await client.get("/me", params={"access_token": "EAAx"})).status_code == 200
