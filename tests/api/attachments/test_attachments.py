"""Files over the API, served and uploaded; F108 and F112 of docs/reference/bad-input.md."""

import asyncio
import io
import re
from collections.abc import AsyncIterator
from typing import IO, Any

import httpx
import pytest
from PIL import Image

from api.attachments import attachments as files_api
from api.attachments.attachments import disposition
from base.ids import id_from_key
from domain.attachments.refusals import FileReason
from domain.conversations.changes import Refusal
from domain.conversations.lifecycle import Status
from domain.sending.delivery import MessageStatus
from sandbox.media import sample_png
from store.attachments.object_store import FileGoneError, FileStore
from store.attachments.rows import KeptFile, begin_try, inbound_row, keep_file, refuse_file, take_back
from store.conversations.messages import settle
from store.db.sql import insert_or_ignore
from store.tables import Attachment
from support.api import NOW, Api, Seed

PNG = sample_png(1)
RAW = {"content-type": "application/octet-stream"}


async def customers_file(
    api: Api,
    seed: Seed,
    *,
    name: str = "photo.png",
    content_type: str = "image/png",
    refused: FileReason | None = None,
    kept: bool = True,
) -> str:
    """A file in a customer's message, in the attachment store unless it is refused or pending; its id."""
    page_id = await seed.page()
    conversation = await seed.conversation(page_id=page_id)
    row = inbound_row(
        id="file-1",
        message_id="message-1",
        page_id=page_id,
        customer_id=conversation.customer_id,
        position=0,
        kind="image",
        name=name,
        url="https://scontent.xx.fbcdn.net/x.png",
        refused=None,
        at=NOW,
    )

    def work(session: Any) -> None:
        insert_or_ignore(session, Attachment, [row])
        begin_try(session, "file-1", NOW)
        if refused is not None:
            refuse_file(session, "file-1", refused, NOW)
        elif kept:
            keep_file(session, "file-1", KeptFile(name, len(PNG), content_type, "0" * 64, "p/file-1"), NOW)

    if kept:
        await api.app.state.files.put("p/file-1", io.BytesIO(PNG))
    await api.database.write(work)
    return "/v1/attachments/file-1"


async def test_a_file_is_served_whole_and_runs_nothing(api: Api, seed: Seed) -> None:
    answer = await api.admin.get(await customers_file(api, seed))
    assert (answer.status_code, answer.content) == (200, PNG)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-length"] == str(len(PNG))
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert answer.headers["cache-control"] == "no-store"


async def test_a_type_that_is_not_listed_is_a_stream_of_bytes(api: Api, seed: Seed) -> None:
    answer = await api.admin.get(await customers_file(api, seed, content_type="text/html"))
    assert answer.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize("reason", list(FileReason))
async def test_a_file_that_was_not_taken_is_never_served(api: Api, seed: Seed, reason: FileReason) -> None:
    answer = await api.admin.get(await customers_file(api, seed, refused=reason))
    assert (answer.status_code, answer.json()["code"]) == (409, "attachment_not_ready")
    assert answer.json()["reason"] == reason


async def test_a_file_that_is_still_to_come_is_not_there(api: Api, seed: Seed) -> None:
    answer = await api.admin.get(await customers_file(api, seed, kept=False))
    assert (answer.json()["code"], answer.json()["state"]) == ("attachment_not_ready", "pending")


async def test_a_file_of_a_message_that_was_taken_back_is_not_found(api: Api, seed: Seed) -> None:
    path = await customers_file(api, seed)
    assert await api.database.write(lambda s: take_back(s, "message-1", NOW))
    assert (await api.admin.get(path)).json()["code"] == "not_found"


async def test_a_file_that_the_store_has_lost_is_not_found(api: Api, seed: Seed) -> None:
    path = await customers_file(api, seed)
    await api.app.state.files.delete("p/file-1")
    assert (await api.admin.get(path)).json()["code"] == "not_found"


NAMES = [
    "../../etc/passwd",
    'a"; x="b.jpg',
    "a\r\nX: y.jpg",
    "\u202egpj.exe",
    "käse.jpg",
    "x" * 4000,
    "%22.jpg",
]


@pytest.mark.parametrize("name", NAMES, ids=[f"F108-served-{number}" for number in range(len(NAMES))])
def test_f108_a_name_breaks_out_of_no_header(name: str) -> None:
    assert re.fullmatch(
        r"attachment; filename=\"[ -!#-$&-\[\]-~]*\"; filename\*=UTF-8''[A-Za-z0-9%_.~-]*", disposition(name)
    )


async def test_f112_an_id_of_nothing_is_not_found(api: Api) -> None:
    assert (await api.admin.get("/v1/attachments/file-2")).status_code == 404


async def test_f112_without_a_token_nothing_is_served(api: Api, seed: Seed) -> None:
    assert (await api.client().get(await customers_file(api, seed))).status_code == 401


async def test_f112_hundreds_of_ranges_get_the_whole_file_once(api: Api, seed: Seed) -> None:
    ranges = "bytes=" + ",".join(f"{at}-{at + 1}" for at in range(0, 2000, 3))
    answer = await api.admin.get(await customers_file(api, seed), headers={"range": ranges})
    assert (answer.status_code, answer.content) == (200, PNG)
    assert answer.headers["accept-ranges"] == "none"


def _parts(number: int, header: str = "") -> bytes:
    part = f'--x\r\nContent-Disposition: form-data; name="a"\r\n{header}\r\n\r\n1\r\n'
    return part.encode() * number + b"--x--"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(_parts(10_000), id="F112-10000-parts"),
        pytest.param(_parts(1, "X: " + "x" * 1_000_000), id="F112-huge-part-header"),
    ],
)
async def test_f112_forms_are_not_read(api: Api, body: bytes) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = await api.admin.post("/v1/attachments?name=a.png", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "upload_not_raw")


@pytest.mark.parametrize("length", ["-1", "1e9", "0x10"], ids=["F112-negative", "F112-float", "F112-hex"])
async def test_f112_a_length_that_is_none_is_not_believed(api: Api, length: str) -> None:
    answer = await api.admin.post(
        "/v1/attachments?name=a.png", content=PNG, headers=RAW | {"content-length": length}
    )
    assert answer.status_code == 201


async def _upload(api: Api, name: str, content: Any, **headers: str) -> httpx.Response:
    return await api.admin.post(
        "/v1/attachments", params={"name": name}, content=content, headers=RAW | headers
    )


async def test_an_upload_is_kept_and_can_be_read_again(api: Api) -> None:
    made = await _upload(api, "../über.png", PNG)
    assert made.status_code == 201, made.text
    shown = made.json()
    assert (shown["type"], shown["state"], shown["name"]) == ("image", "ready", "über.png")
    assert (shown["size_bytes"], shown["content_type"]) == (len(PNG), "image/png")
    assert (await api.admin.get(shown["url"])).content == PNG


def _photo(place: str) -> bytes:
    """A JPEG as a telephone makes it, which tells where it was taken."""
    told, into = Image.Exif(), io.BytesIO()
    told[0x010F] = place
    Image.linear_gradient("L").save(into, "JPEG", exif=told)
    return into.getvalue()


async def test_a_picture_is_kept_without_its_metadata(api: Api) -> None:
    photo, key = _photo("Unter den Linden 77"), {"Idempotency-Key": "k"}
    assert b"Unter den Linden" in photo
    made = await _upload(api, "photo.jpg", photo, **key)
    assert made.status_code == 201, made.text
    kept = (await api.admin.get(made.json()["url"])).content
    assert b"Unter den Linden" not in kept
    assert Image.open(io.BytesIO(kept)).tobytes() == Image.open(io.BytesIO(photo)).tobytes()
    assert made.json()["size_bytes"] == len(kept) < len(photo)
    assert (await _upload(api, "photo.jpg", photo, **key)).json() == made.json()


async def test_the_same_key_again_is_the_same_file_and_no_other(api: Api) -> None:
    key = {"Idempotency-Key": "k"}
    first = await _upload(api, "a.png", PNG, **key)
    assert (await _upload(api, "a.png", PNG, **key)).json() == first.json()
    other = await _upload(api, "a.png", sample_png(2), **key)
    assert other.json()["code"] == "idempotency_key_reused"


async def test_the_id_of_an_upload_cannot_be_computed_from_its_key(api: Api) -> None:
    agent_id, agent = await api.somebody("agent")
    made = await agent.post(
        "/v1/attachments", params={"name": "a.png"}, content=PNG, headers=RAW | {"Idempotency-Key": "k"}
    )
    assert made.status_code == 201
    assert made.json()["id"] not in {id_from_key(agent_id, "attachment", "k"), id_from_key("attachment", "k")}


async def test_an_upload_is_its_agents_alone_until_it_is_sent(api: Api, seed: Seed) -> None:
    page_id = await seed.page(attachments_for_agents=True)
    agent_id, agent = await api.somebody("agent")
    _, colleague = await api.somebody("supervisor")
    thread = await seed.conversation(page_id=page_id, status=Status.ACTIVE, agent_id=agent_id)
    made = await agent.post("/v1/attachments", params={"name": "a.png"}, content=PNG, headers=RAW)
    file = made.json()
    address = f"/v1/conversations/{thread.conversation_id}/messages"
    body, key = {"attachments": [{"id": file["id"]}]}, {"Idempotency-Key": "one"}
    refused = await colleague.post(address, json=body, headers=key)
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_attachment")
    assert (await colleague.get(file["url"])).status_code == 404
    assert (await agent.get(file["url"])).content == PNG
    sent = await agent.post(address, json=body, headers=key)
    assert sent.status_code == 201
    assert (await colleague.get(file["url"])).content == PNG

    await api.database.write(lambda s: settle(s, sent.json()["id"], MessageStatus.FAILED, NOW))
    resent = await colleague.post(
        f"/v1/messages/{sent.json()['id']}/resend", headers={"Idempotency-Key": "two"}
    )
    assert resent.status_code == 201, resent.text
    assert resent.json()["attachments"][0]["id"] == file["id"]


async def test_the_file_of_a_refused_reply_is_unsent_again(api: Api, seed: Seed) -> None:
    page_id = await seed.page(attachments_for_agents=True)
    thread = await seed.conversation(page_id=page_id, status=Status.ACTIVE)
    file = (await _upload(api, "a.png", PNG)).json()["id"]
    api.engine.refuse(Refusal("not_your_conversation", "Not yours.", Status.ACTIVE))
    address = f"/v1/conversations/{thread.conversation_id}/messages"
    body = {"attachments": [{"id": file}]}
    refused = await api.admin.post(address, json=body, headers={"Idempotency-Key": "one"})
    assert refused.status_code == 409
    row = await api.database.read(lambda s: s.get_one(Attachment, file))
    assert (row.message_id, row.customer_id, row.state) == (None, None, "ready")
    api.engine.answer = lambda _: None
    sent = await api.admin.post(address, json=body, headers={"Idempotency-Key": "two"})
    assert sent.status_code == 201


async def test_a_sent_file_is_answered_the_same_when_files_are_switched_off_meanwhile(
    api: Api, seed: Seed
) -> None:
    page_id = await seed.page(attachments_for_agents=True)
    thread = await seed.conversation(page_id=page_id, status=Status.ACTIVE)
    file = (await _upload(api, "a.png", PNG)).json()["id"]
    address = f"/v1/conversations/{thread.conversation_id}/messages"

    async def send(key: str) -> httpx.Response:
        body = {"attachments": [{"id": file}]}
        return await api.admin.post(address, json=body, headers={"Idempotency-Key": key})

    sent = await send("one")
    await api.admin.patch(f"/v1/pages/{page_id}", json={"attachments_for_agents": False})
    again, another = await send("one"), await send("two")
    assert [sent.status_code, again.status_code] == [201, 201]
    assert again.json()["id"] == sent.json()["id"]
    assert (another.status_code, another.json()["code"]) == (409, "attachments_disabled")


async def test_of_two_contents_at_once_under_one_key_the_first_is_kept_and_the_other_leaves_nothing(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, put, keys = asyncio.Barrier(2), FileStore.put, []

    async def put_together(self: FileStore, key: str, file: IO[bytes]) -> None:
        keys.append(key)
        await both.wait()
        await put(self, key, file)

    monkeypatch.setattr(FileStore, "put", put_together)
    contents = (PNG, sample_png(2))
    key = {"Idempotency-Key": "k"}
    answers = await asyncio.gather(
        *(
            api.admin.post("/v1/attachments?name=a.png", content=content, headers=RAW | key)
            for content in contents
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 422]
    ((made, content),) = [
        (answer.json(), content)
        for answer, content in zip(answers, contents, strict=True)
        if answer.status_code == 201
    ]
    assert (await api.admin.get(made["url"])).content == content
    left = [key for key in set(keys) if await _is_kept(api, key)]
    assert len(left) == 1


async def _is_kept(api: Api, key: str) -> bool:
    try:
        return bool([chunk async for chunk in await api.app.state.files.read(key)])
    except FileGoneError:
        return False


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.png", b"", "empty"),
        ("a.exe", b"MZ" + bytes(60), "type_not_allowed"),
        ("a.webp", b"RIFF....WEBPVP8 " + bytes(20), "type_not_allowed"),
        ("a.png", b"<html>", "type_mismatch"),
        ("a.png", PNG[:-4], "corrupted"),
        ("noname", b"hello", "type_not_allowed"),
    ],
)
async def test_what_facebook_does_not_take_is_refused(
    api: Api, name: str, content: bytes, reason: str
) -> None:
    answer = await _upload(api, name, content)
    assert (answer.status_code, answer.json()["code"], answer.json()["reason"]) == (
        422,
        "file_refused",
        reason,
    )


async def test_an_upload_is_cut_off_at_the_limit(api: Api) -> None:
    most, sent = api.settings.max_attachment_bytes, 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 65_536
            yield bytes(65_536)

    answer = await _upload(api, "a.png", endless())
    assert (answer.status_code, answer.json()["max_bytes"]) == (413, most)
    assert sent <= most + 2 * 65_536


async def test_a_slow_upload_is_given_up(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_api, "UPLOAD_TIMEOUT_SECONDS", 0.05)

    async def stalled() -> AsyncIterator[bytes]:
        yield PNG
        await asyncio.Event().wait()

    assert (await _upload(api, "a.png", stalled())).json()["code"] == "request_too_slow"
