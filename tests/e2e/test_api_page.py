"""The requests of docs/api.md, sent in their order to the whole product, are answered as the page says."""

import re
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import pytest

from api.events.frames import Counts, Goodbye, Hello, Ping, Reset
from api.events.position import read_id
from api.http.examples import MESSAGES
from api.schemas.views import EventView
from sandbox.media import sample_png
from support.eventually import eventually
from support.paths import DOCS
from support.store import PAGE_A
from support.whole import ADMIN_KEY, Whole

PAGE = (DOCS / "api.md").read_text()
_BLOCK = re.compile(r"^```http\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"\{([a-z_]+)\}")
ANY = "…"


@dataclass(frozen=True, slots=True)
class Example:
    """A request of the page and the answer that is shown for it."""

    request: str
    answer: str

    @property
    def name(self) -> str:
        return self.request.split("\n", 1)[0]


def examples() -> list[Example]:
    """The pairs of the page."""
    blocks = _BLOCK.findall(PAGE)
    pairs = list(zip(blocks[::2], blocks[1::2], strict=True))
    assert all(answer.startswith("HTTP/1.1 ") for _, answer in pairs)
    return [Example(request, answer) for request, answer in pairs]


def _parts(block: str) -> tuple[str, dict[str, str], str]:
    """First line, headers and body of a message of HTTP."""
    head, _, body = block.partition("\n\n")
    first, *lines = head.strip().split("\n")
    return first, dict(line.split(": ", 1) for line in lines), body.strip()


def _differences(shown: Any, given: Any, values: dict[str, str], where: str = "") -> list[str]:
    """How an answer differs from what is shown; learns the values of names that are new."""
    if isinstance(shown, dict) and isinstance(given, dict):
        missing = [f"{where}.{name} is not there" for name in shown.keys() - given.keys()]
        both = [name for name in shown if name in given]
        return missing + [
            each
            for name in both
            for each in _differences(shown[name], given[name], values, f"{where}.{name}")
        ]
    if isinstance(shown, list) and isinstance(given, list):
        if len(shown) != len(given):
            return [f"{where} has {len(given)} items"]
        return [
            each
            for number, (one, other) in enumerate(zip(shown, given, strict=True))
            for each in _differences(one, other, values, f"{where}[{number}]")
        ]
    if shown == ANY:
        return [] if isinstance(given, str) and given else [f"{where} is {given!r}"]
    if isinstance(shown, str) and (named := _NAME.fullmatch(shown)):
        shown = values.setdefault(named[1], given)
    return [] if shown == given else [f"{where} is {given!r}, shown is {shown!r}"]


async def _send(client: httpx.AsyncClient, request: str) -> httpx.Response:
    first, headers, body = _parts(request)
    method, address = first.split(" ")
    content = sample_png(1) if body.startswith("< ") else body.encode()
    if body and "Content-Type" not in headers:
        headers["Content-Type"] = "application/json"
    return await client.request(method, address, headers=headers, content=content)


async def _has_name(whole: Whole, psid: str) -> bool:
    """Whether the customer's profile was read at Meta, which happens in the background."""
    return (await whole.conversation_of(psid))["customer"]["name"] is not None


async def _is_settled(whole: Whole, conversation_id: str) -> bool:
    """Whether every message has left: lists are in the order of the instants at which they did."""
    return all(
        each["status"] in {None, "sent", "delivered"} for each in await whole.messages(conversation_id)
    )


@pytest.mark.dev_server
async def test_every_request_is_answered_as_the_page_shows(whole: Whole) -> None:
    psid = await whole.customer(name="Ada")
    await whole.says(psid, "Is the blue shoe still there?")
    conversation = await whole.conversation_of(psid)
    await whole.message_with(conversation["id"], sender_kind="automatic", status="delivered")
    await eventually(lambda: _has_name(whole, psid))
    values = {"admin_key": ADMIN_KEY, "page_id": PAGE_A, "psid": psid}
    client = httpx.AsyncClient(transport=whole.api._transport, base_url=whole.api.base_url)
    for example in examples():
        if example.name.startswith("GET ") and "/messages" in example.name:
            await eventually(lambda: _is_settled(whole, conversation["id"]))
        request = _NAME.sub(lambda named: values.get(named[1], named[0]), example.request)
        answer = await _send(client, request)
        first, _, body = _parts(example.answer)
        assert str(answer.status_code) == first.removeprefix("HTTP/1.1 "), (example.name, answer.text)
        if body:
            assert _differences(orjson.loads(body), answer.json(), values) == [], example.name
        else:
            assert answer.content == b"", example.name


def test_the_page_shows_each_kind_of_message() -> None:
    sent = [
        orjson.loads(body)
        for first, _, body in (_parts(each.request) for each in examples())
        if first.endswith("/messages") and body
    ]
    placed = orjson.dumps(list(MESSAGES.values())).decode()
    placed = placed.replace("the-id-of-an-upload", "{attachment_id}")
    placed = placed.replace("the-id-of-a-message", "{question_id}")
    assert [each for each in orjson.loads(placed) if each not in sent] == []


def test_the_blocks_of_the_stream_that_the_page_shows_are_those_that_are_sent() -> None:
    found = re.findall(r"^event: (\S+)\ndata: (.*)\nid: (\S+)$", PAGE, re.MULTILINE)
    shown = {kind: orjson.loads(data) for kind, data, _ in found}
    positions = [read_id(given).number for _, _, given in found]
    event = shown.pop("conversation.active")
    assert event.keys() == EventView.model_fields.keys()
    assert event["kind"] == "conversation.active"
    assert f"| `{event['kind']}` |" in (DOCS / "lifecycle.md").read_text()
    assert shown.keys() == {"hello"}
    assert shown["hello"].keys() == Hello.model_fields.keys()
    assert positions == [event["id"] - 1, event["id"]]
    assert [f"| `{frame.event}` |" in PAGE for frame in (Hello, Ping, Reset, Counts, Goodbye)] == [True] * 5
