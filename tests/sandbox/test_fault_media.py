"""The sandbox as a poor CDN: every fault of a file that it serves, on a real socket."""

import base64
import gzip
import time

import httpx
import pytest

from support.sandbox_driver import Messenger

FILE = "/_sandbox/media/sample-1.png"


@pytest.fixture
async def whole(wired: Messenger) -> bytes:
    """The file as it is."""
    return (await wired.client.get(FILE)).content


async def test_without_a_fault_a_file_is_whole(whole: bytes) -> None:
    assert whole.startswith(b"\x89PNG")


@pytest.mark.parametrize("status", [403, 404, 410, 500, 503])
async def test_a_file_is_gone_or_its_link_has_expired(wired: Messenger, status: int) -> None:
    await wired.control("/faults", kind="media_status", status=status, times=1)
    assert (await wired.client.get(FILE)).status_code == status
    assert (await wired.client.get(FILE)).status_code == 200


async def test_a_file_redirects_to_a_private_address(wired: Messenger) -> None:
    await wired.control("/faults", kind="media_redirect", to="http://169.254.169.254/latest/")
    answer = await wired.client.get(FILE)
    assert answer.status_code == 302
    assert answer.headers["location"] == "http://169.254.169.254/latest/"


async def test_a_file_redirects_for_ever(wired: Messenger) -> None:
    await wired.control("/faults", kind="media_redirect", to=FILE, status=307)
    with pytest.raises(httpx.TooManyRedirects):
        await wired.client.get(FILE, follow_redirects=True)


@pytest.mark.parametrize("declared", [False, True])
async def test_a_file_has_no_end(wired: Messenger, declared: bool) -> None:
    await wired.control("/faults", kind="media_endless", declared=declared, content_type="image/jpeg")
    seen = 0
    async with wired.client.stream("GET", FILE) as answer:
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers.get("content-length") == (str(10 * 1024**3) if declared else None)
        async for chunk in answer.aiter_bytes():
            seen += len(chunk)
            if seen > 5 * 1024**2:
                break


async def test_an_endless_file_may_have_an_end(wired: Messenger) -> None:
    await wired.control("/faults", kind="media_endless", megabytes=2)
    assert len((await wired.client.get(FILE)).content) == 2 * 1024**2


async def test_a_file_drips(wired: Messenger, whole: bytes) -> None:
    size = len(whole) // 4 + 1
    await wired.control("/faults", kind="media_drip", bytes=size, pause_s=0.1)
    started = time.monotonic()
    answer = await wired.client.get(FILE)
    assert answer.content == whole
    assert time.monotonic() - started >= 0.4


async def test_a_file_hangs(wired: Messenger) -> None:
    await wired.control("/faults", kind="media_hang", seconds=600)
    with pytest.raises(httpx.ReadTimeout):
        await wired.client.get(FILE, timeout=0.2)


async def test_a_file_is_shorter_than_it_claims(wired: Messenger, whole: bytes) -> None:
    await wired.control("/faults", kind="media_length", declared=len(whole) + 1)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        await wired.client.get(FILE)


async def test_a_file_ends_where_it_claims_to(wired: Messenger, whole: bytes) -> None:
    await wired.control("/faults", kind="media_length", declared=100)
    assert (await wired.client.get(FILE)).content == whole[:100]


async def test_a_file_has_another_type_than_its_bytes(wired: Messenger, whole: bytes) -> None:
    await wired.control("/faults", kind="media_body", content_type="text/html", times=1)
    await wired.control("/faults", kind="media_body", body_text="<script>alert(1)</script>")
    first, second = await wired.client.get(FILE), await wired.client.get(FILE)
    assert (first.headers["content-type"], first.content) == ("text/html", whole)
    assert (second.headers["content-type"], second.text) == ("image/png", "<script>alert(1)</script>")


async def test_a_file_is_compressed(wired: Messenger) -> None:
    bomb = gzip.compress(bytes(1024**2))
    await wired.control(
        "/faults", kind="media_body", body_base64=base64.b64encode(bomb).decode(), content_encoding="gzip"
    )
    answer = await wired.client.get(FILE)
    assert int(answer.headers["content-length"]) == len(bomb)
    assert len(answer.content) == 1024**2


async def test_one_file_can_be_meant(wired: Messenger) -> None:
    await wired.control("/faults", kind="media_status", status=404, name="sample-2.png")
    assert (await wired.client.get(FILE)).status_code == 200
    assert (await wired.client.get("/_sandbox/media/sample-2.png")).status_code == 404
    (line,) = [line for line in wired.ledger() if line["line"] == "fault"]
    assert (line["kind"], line["what"]) == ("media_status", "sample-2.png")
