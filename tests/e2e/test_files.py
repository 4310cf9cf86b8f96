"""Files of customers through the whole product, also from a CDN that misbehaves (F37)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from temporalio.client import Client

from domain.workstreams.automated_texts import DEFAULT_TEXTS
from domain.workstreams.conversation_settings import AutomatedTrigger
from sandbox.media import sample_png
from store.attachments.object_store import FileGoneError, FileStore
from support.eventually import eventually
from support.store import APP_ID, PAGE_A, PAGE_B
from support.whole import Whole, whole_product
from workflows.messages import files_workflow_id

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
        on = {"attachments_for_customers": True, "attachments_for_agents": True}
        changed = await running.api.patch(f"/v1/pages/{PAGE_A}", json=on)
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


async def arrived(whole: Whole, conversation_id: str, **wanted: Any) -> dict[str, Any]:
    """The message of ours with these fields, once Meta has it."""

    async def look() -> dict[str, Any] | None:
        for message in await whole.messages(conversation_id):
            is_wanted = all(message[name] == value for name, value in wanted.items())
            if is_wanted and message["status"] in ("sent", "delivered", "read"):
                return message
        return None

    found = await eventually(look, within=30)
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
    assert (shown["reason"], shown["url"]) == ("disabled", None)
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
    assert shown["size_bytes"] == len(got.content)
    assert got.headers["content-type"] == "image/png"
    assert got.headers["content-disposition"].startswith("attachment; ")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-security-policy"].startswith("sandbox")

    message = next(each for each in await whole.messages(conversation_id) if each["attachments"])
    history = await whole.engine.get_workflow_handle(files_workflow_id(message["id"])).fetch_history()
    kept = b"".join(event.SerializeToString() for event in history.events)
    assert message["id"].encode() in kept
    assert b"sample-1" not in kept
    assert whole.files_url.encode() not in kept


async def test_the_file_of_a_message_that_is_taken_back_is_gone(whole: Whole) -> None:
    psid = await whole.customer()
    await media_fault(whole)
    conversation_id = await sends_picture(whole, psid)
    shown = await file_in(whole, conversation_id, "ready")
    message = next(each for each in await whole.messages(conversation_id) if each["attachments"])
    event = {
        "sender": {"id": psid},
        "recipient": {"id": PAGE_A},
        "timestamp": int(datetime.now(UTC).timestamp() * 1000),
        "message": {"mid": message["mid"], "is_deleted": True},
    }
    body = {"object": "page", "entry": [{"id": PAGE_A, "messaging": [event]}]}

    async def is_gone() -> bool:
        try:
            await FileStore(whole.settings.files_url).read(f"{PAGE_A}/{shown['id']}")
        except FileGoneError:
            return True
        return False

    assert not await is_gone()
    raw = await whole.meta.post("/_sandbox/raw", json={"app_id": APP_ID, "body": body, "apply": False})
    raw.raise_for_status()
    assert await eventually(is_gone, within=30)
    gone = await whole.api.get(shown["url"])
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")


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
        await arrived(whole, conversation_id, text=told)


async def test_of_several_files_that_are_refused_the_customer_is_told_once(whole: Whole) -> None:
    psid = await whole.customer()
    await media_fault(whole, kind="media_endless")
    picture = {"type": "image", "url": whole.files_url + PICTURE}
    for text in ("see", "and see"):
        await whole.says(psid, text, attachments=[picture, picture])
    conversation_id = str((await whole.conversation_of(psid))["id"])

    async def all_refused() -> bool:
        shown = [each for one in await whole.messages(conversation_id) for each in one["attachments"]]
        return [each["state"] for each in shown] == ["too_large"] * 4

    assert await eventually(all_refused, within=60)
    await arrived(whole, conversation_id, text=TOO_LARGE)

    async def second_is_withheld() -> bool:
        timeline = await whole.api.get(f"/v1/conversations/{conversation_id}/timeline")
        events = timeline.raise_for_status().json()["items"]
        return "repeated" in [each["data"].get("code") for each in events]

    assert await eventually(second_is_withheld, within=30)
    said = [one["text"] for one in await whole.messages(conversation_id)]
    assert said.count(TOO_LARGE) == 1


async def test_f37_a_slow_file_keeps_no_conversation_waiting(whole: Whole) -> None:
    psid = await whole.customer()
    await media_fault(whole, kind="media_hang", seconds=600)
    conversation_id = await sends_picture(whole, psid, text="see")
    await file_in(whole, conversation_id, "pending")

    (await whole.act(conversation_id, "pick")).raise_for_status()
    answered: httpx.Response = await whole.answer(conversation_id, "I see", f"slow-{psid}")
    answered.raise_for_status()
    await arrived(whole, conversation_id, text="I see")
    await file_in(whole, conversation_id, "pending")
    await media_fault(whole)
    await file_in(whole, conversation_id, "ready", within=60)


async def test_f37_a_file_that_breaks_off_is_fetched_again(whole: Whole) -> None:
    psid = await whole.customer()
    await media_fault(whole, kind="media_length", declared=900_000)
    conversation_id = await sends_picture(whole, psid, text="see")
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


async def upload(whole: Whole, content: bytes = sample_png(3)) -> str:
    headers = {"Content-Type": "application/octet-stream"}
    made = await whole.api.post("/v1/attachments?name=plan.png", content=content, headers=headers)
    return str(made.raise_for_status().json()["id"])


async def talk(whole: Whole, page_id: str = PAGE_A) -> tuple[str, str]:
    """A person and the conversation with them that the agent has picked."""
    psid = await whole.customer(page_id)
    await whole.says(psid, page_id=page_id)
    conversation_id = str((await whole.conversation_of(psid))["id"])
    (await whole.act(conversation_id, "pick")).raise_for_status()
    return psid, conversation_id


async def send_file(whole: Whole, conversation_id: str, file_id: str, key: str) -> httpx.Response:
    return await whole.api.post(
        f"/v1/conversations/{conversation_id}/messages",
        json={"attachments": [{"id": file_id}]},
        headers={"Idempotency-Key": key},
    )


async def calls(whole: Whole, kind: str) -> int:
    """How many Graph calls of a kind there were."""
    ledger = (await whole.meta.get("/_sandbox/ledger", params={"name": "graph"})).json()
    return sum(line.get("kind") == kind for line in ledger["lines"])


async def test_an_agents_file_is_uploaded_once_and_sent_as_often_as_wanted(whole: Whole) -> None:
    await media_fault(whole)
    file_id, before = await upload(whole), await calls(whole, "upload")
    for number in range(2):
        psid, conversation_id = await talk(whole)
        sent = (await send_file(whole, conversation_id, file_id, f"f{number}")).raise_for_status().json()
        shown = await arrived(whole, conversation_id, id=sent["id"])
        assert shown["attachments"][0]["name"] == "plan.png"
        thread = (await whole.meta.get(f"/_sandbox/threads/{PAGE_A}/{psid}")).json()
        (attachment,) = [m["attachments"][0] for m in thread["messages"] if m["attachments"]]
        got = await whole.meta.get(attachment["payload"]["url"])
        assert got.content == sample_png(3)
    assert await calls(whole, "upload") == before + 1


async def test_a_file_that_meta_has_forgotten_is_uploaded_again(whole: Whole) -> None:
    await media_fault(whole)
    file_id = await upload(whole)
    _, conversation_id = await talk(whole)
    first = (await send_file(whole, conversation_id, file_id, "first")).raise_for_status().json()
    await arrived(whole, conversation_id, id=first["id"])
    before = await calls(whole, "upload")
    await media_fault(whole, kind="error", code=100, subcode=2018074, times=1)
    again = (await send_file(whole, conversation_id, file_id, "again")).raise_for_status().json()
    await arrived(whole, conversation_id, id=again["id"])
    assert await calls(whole, "upload") == before + 1


async def test_a_refused_upload_fails_the_message_and_the_agent_is_told(whole: Whole) -> None:
    _, conversation_id = await talk(whole)
    await media_fault(whole, kind="error", code=100, subcode=2018047, calls=["upload"])
    sent = (await send_file(whole, conversation_id, await upload(whole), "r")).raise_for_status().json()
    failed = await whole.message_with(conversation_id, id=sent["id"], status="failed")
    assert failed["reason_detail"] == "The file is of another type than announced."
    assert failed["attempt"] == 0
    notice = await whole.message_with(conversation_id, kind="message_not_sent")
    assert notice["text"] == DEFAULT_TEXTS[AutomatedTrigger.MESSAGE_NOT_SENT]["en"]

    await media_fault(whole)
    again = await whole.api.post(f"/v1/messages/{sent['id']}/resend", headers={"Idempotency-Key": "r2"})
    await arrived(whole, conversation_id, id=again.raise_for_status().json()["id"])


async def test_an_upload_whose_answer_is_lost_is_repeated_and_its_message_sent_once(whole: Whole) -> None:
    psid, conversation_id = await talk(whole)
    await media_fault(whole, kind="cut", calls=["upload"], times=1, accept=True)
    sent = (await send_file(whole, conversation_id, await upload(whole), "l")).raise_for_status().json()
    await arrived(whole, conversation_id, id=sent["id"])
    thread = (await whole.meta.get(f"/_sandbox/threads/{PAGE_A}/{psid}")).json()
    assert sum(bool(message["attachments"]) for message in thread["messages"]) == 1


async def test_a_page_that_sends_no_files_says_so(whole: Whole) -> None:
    await media_fault(whole)
    _, conversation_id = await talk(whole, PAGE_B)
    refused = await send_file(whole, conversation_id, await upload(whole), "off")
    assert (refused.status_code, refused.json()["code"]) == (409, "attachments_disabled")


async def test_only_what_an_agent_uploaded_can_be_sent(whole: Whole) -> None:
    await media_fault(whole)
    psid = await whole.customer()
    conversation_id = await sends_picture(whole, psid)
    (await whole.act(conversation_id, "pick")).raise_for_status()
    theirs = (await file_in(whole, conversation_id, "ready"))["id"]
    for file_id in (theirs, "nothing"):
        refused = await send_file(whole, conversation_id, file_id, f"u-{file_id}")
        assert (refused.status_code, refused.json()["code"]) == (422, "unknown_attachment")
