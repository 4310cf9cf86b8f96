"""Files of customers through the whole product, also from a CDN that misbehaves (F-37)."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from temporalio.client import Client

from domain.automated_texts import DEFAULT_TEXTS
from domain.settings import AutomatedTrigger
from support.eventually import eventually
from support.store import PAGE_A, PAGE_B
from support.whole import Whole, whole_product

pytestmark = [pytest.mark.dev_server, pytest.mark.asyncio(loop_scope="session")]

PICTURE = "/_sandbox/media/sample-1.png"
UNSUPPORTED = DEFAULT_TEXTS[AutomatedTrigger.UNSUPPORTED_MESSAGE]["en"]
TOO_LARGE = DEFAULT_TEXTS[AutomatedTrigger.FILE_TOO_LARGE]["en"]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def whole(tmp_path_factory: pytest.TempPathFactory, dev_server: str) -> AsyncIterator[Whole]:
    """One product for this file; page A takes customers' files, page B does not."""
    engine = await Client.connect(dev_server)
    directory: Path = tmp_path_factory.mktemp("files")
    async with whole_product(directory, engine, serve_files=True) as running:
        changed = await running.api.patch(f"/v1/pages/{PAGE_A}", json={"attachments_for_customers": True})
        changed.raise_for_status()
        yield running


async def sends_picture(whole: Whole, psid: str, page_id: str = PAGE_A, text: str = "") -> str:
    """The customer sends a picture; the conversation's id."""
    picture = {"type": "image", "url": whole.files_url + PICTURE}
    await whole.says(psid, text, page_id=page_id, attachments=[picture])
    return str((await whole.conversation_of(psid))["id"])


async def file_in(whole: Whole, conversation_id: str, state: str, within: float = 30) -> dict[str, Any]:
    """The conversation's first file once it is in a state."""

    async def look() -> dict[str, Any] | None:
        for message in await whole.messages(conversation_id):
            for each in message["attachments"]:
                if each["state"] == state:
                    found: dict[str, Any] = each
                    return found
        return None

    found = await eventually(look, within=within)
    assert found is not None
    return found


async def media_fault(whole: Whole, **fault: Any) -> None:
    (await whole.meta.delete("/_sandbox/faults")).raise_for_status()
    if fault:
        (await whole.meta.post("/_sandbox/faults", json=fault)).raise_for_status()


async def test_with_the_switch_off_nothing_is_fetched_and_both_sides_are_told(whole: Whole) -> None:
    psid = await whole.customer(PAGE_B)
    await media_fault(whole)
    conversation_id = await sends_picture(whole, psid, PAGE_B, "look")

    shown = await file_in(whole, conversation_id, "blocked")
    assert (shown["reason"], shown["url"]) == ("switched_off", None)
    assert "switched off" in shown["notice"]
    assert "127.0.0.1" not in str(await whole.messages(conversation_id))
    told = await whole.message_with(conversation_id, text=UNSUPPORTED)
    assert (told["direction"], told["sender_kind"]) == ("outbound", "automatic")


async def test_with_the_switch_on_the_agent_has_the_file(whole: Whole) -> None:
    psid = await whole.customer()
    await media_fault(whole)
    conversation_id = await sends_picture(whole, psid)

    shown = await file_in(whole, conversation_id, "ready")
    assert (shown["type"], shown["name"], shown["content_type"]) == ("image", "sample-1.png", "image/png")
    got = await whole.api.get(shown["url"])
    original = await whole.meta.get(PICTURE)
    assert got.content == original.content
    assert shown["size"] == len(got.content)
    assert got.headers["content-type"] == "image/png"
    assert got.headers["content-disposition"].startswith("attachment; ")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-security-policy"].startswith("sandbox")


@pytest.mark.parametrize(
    ("fault", "state", "told"),
    [
        pytest.param({"kind": "media_status", "status": 404}, "expired", None, id="F37-404"),
        pytest.param({"kind": "media_status", "status": 403}, "expired", None, id="F37-403-expired"),
        pytest.param(
            {"kind": "media_redirect", "to": "http://169.254.169.254/latest/"},
            "unsafe",
            None,
            id="F37-redirect-to-a-private-address",
        ),
        pytest.param({"kind": "media_endless"}, "too_large", TOO_LARGE, id="F37-endless"),
        pytest.param({"kind": "media_endless", "declared": True}, "too_large", TOO_LARGE, id="F37-10-GB"),
        pytest.param({"kind": "media_length", "declared": 900_000}, "failed", None, id="F37-wrong-length"),
        pytest.param(
            {"kind": "media_body", "body_text": "<html><script>1</script>"},
            "unsafe",
            UNSUPPORTED,
            id="F37-wrong-type",
        ),
    ],
)
async def test_f37_a_poor_cdn_costs_the_file_alone(
    whole: Whole, fault: dict[str, Any], state: str, told: str | None
) -> None:
    psid = await whole.customer()
    await media_fault(whole, **fault)
    conversation_id = await sends_picture(whole, psid, text="see")

    shown = await file_in(whole, conversation_id, state)
    assert shown["notice"]
    assert (await whole.api.get(f"/v1/attachments/{shown['id']}")).json()["code"] == "attachment_not_ready"
    if told:
        await whole.message_with(conversation_id, text=told, status="sent")


async def test_f37_a_slow_file_keeps_no_conversation_waiting(whole: Whole) -> None:
    psid = await whole.customer()
    await media_fault(whole, kind="media_hang", seconds=600)
    conversation_id = await sends_picture(whole, psid, text="see")
    await file_in(whole, conversation_id, "pending")

    began = time.monotonic()
    (await whole.act(conversation_id, "pick")).raise_for_status()
    answered: httpx.Response = await whole.answer(conversation_id, "I see", f"slow-{psid}")
    answered.raise_for_status()
    await whole.message_with(conversation_id, text="I see", status="sent")
    assert time.monotonic() - began < 10  # and the file has not come yet
    await file_in(whole, conversation_id, "pending")
    await media_fault(whole)
    await file_in(whole, conversation_id, "ready", within=60)


async def test_meta_is_asked_once_for_a_new_link_in_place_of_an_expired_one(whole: Whole) -> None:
    psid = await whole.customer()
    await media_fault(whole)
    dead = {"type": "image", "url": whole.files_url + "/_sandbox/media/gone.png"}
    mid = await whole.says(psid, "", attachments=[dead])
    conversation_id = str((await whole.conversation_of(psid))["id"])
    assert (await file_in(whole, conversation_id, "expired"))["reason"] == "link_expired"
    ledger = (await whole.meta.get("/_sandbox/ledger", params={"name": "graph"})).json()
    assert sum(line.get("path", "").endswith(mid) for line in ledger["lines"]) == 1
