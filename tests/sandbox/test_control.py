"""The control API: seeding twice, the clock, settings, waiting, ledgers, reset, and the page."""

import asyncio
import dataclasses
import re
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from sandbox.app import create_app
from sandbox.config import Config
from sandbox.ledger import Ledger
from support.sandbox_driver import APP, PAGE, PSID, TOKEN, Messenger, Receiver, error_of


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("/tokens", {"access_token": TOKEN, "invalid_subcode": "460"}),
        ("/tokens", {"access_token": TOKEN, "expires_at": "soon"}),
        ("/tokens", {"access_token": TOKEN, "expires_at": True}),
        ("/tokens", {"access_token": TOKEN, "permissions": "pages_messaging"}),
        ("/tokens", {"access_token": TOKEN, "tasks": [1]}),
        ("/pages", {"page_id": PAGE, "restricted": "yes"}),
        ("/customers", {"page_id": PAGE, "psid": PSID, "name": None}),
    ],
)
async def test_a_value_of_a_wrong_type_is_refused(
    messenger: Messenger, path: str, given: dict[str, Any]
) -> None:
    token = messenger.world.tokens[TOKEN]
    before = (await messenger.look("/overview"), dataclasses.asdict(token))
    answer = await messenger.client.post(f"/_sandbox{path}", json=given)
    assert answer.status_code == 400
    assert "cannot be" in answer.json()["error"]
    assert (await messenger.look("/overview"), dataclasses.asdict(token)) == before


async def test_seeding_twice_updates(messenger: Messenger) -> None:
    await messenger.control("/apps", app_id=int(APP), name="Desk")
    await messenger.control("/pages", page_id=int(PAGE), name="Shop 2", access_token="EAA-new", app_id=APP)
    await messenger.control("/customers", page_id=PAGE, psid=PSID, locale="my_MM")
    seen = await messenger.look("/overview")
    assert [(app["name"], app["app_secret"]) for app in seen["apps"]] == [("Desk", "…")]
    assert [(page["name"], page["page_id"]) for page in seen["pages"]] == [("Shop 2", PAGE)]
    assert [(person["name"], person["locale"]) for person in seen["customers"]] == [("Ada Byron", "my_MM")]
    assert {TOKEN, "EAA-new"} <= set(messenger.world.tokens)
    assert messenger.world.subscriptions[APP, PAGE].active


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/apps", {}),
        ("/apps", {"app_id": "1", "app_secret": "x", "colour": "red"}),
        ("/apps", {"app_id": APP, "fields": ["no_such_field"]}),
        ("/pages", {"page_id": "1", "access_token": "t", "app_id": "999"}),
        ("/tokens", {"access_token": "t", "app_id": "999"}),
        ("/customers", {"page_id": PAGE, "unreachable": "asleep"}),
        ("/settings", {"colour": "red"}),
        ("/settings", {"limits": {"text_per_second": "many"}}),
        ("/settings", {"window_lengths_s": {"smile": 1}}),
        ("/settings", {"echo": {"on": 1}}),
        ("/clock", {"speed": -1}),
        ("/clock", {"set": "2026-11-22T10:00:00"}),
        ("/clock", {"colour": 1}),
        ("/deliveries/release", {"order": "sideways"}),
        ("/deliveries/fly", {}),
        ("/deliveries/settings", {"retry_after_s": ["soon"]}),
        ("/wait", {"what": "rain"}),
        ("/raw", {"app_id": "999", "body": {}}),
        ("/raw", {"app_id": APP, "body": {}, "signature": "forged"}),
        (f"/pages/{PAGE}/policy", {"action": "shrug"}),
    ],
)
async def test_what_cannot_be_is_refused_with_a_reason(
    messenger: Messenger, path: str, body: dict[str, Any]
) -> None:
    answer = await messenger.client.post(f"/_sandbox{path}", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


async def test_unknown_things_are_404(messenger: Messenger) -> None:
    for path in (f"/threads/{PAGE}/1", "/threads/1/1", "/media/other", "/ledger?name=other"):
        assert (await messenger.client.get(f"/_sandbox{path}")).status_code == 404


async def test_the_clock_is_set_advanced_and_sped_up(messenger: Messenger) -> None:
    start = await messenger.control("/clock", set=1_800_000_000_000, speed=0)
    assert start == {"now_ms": 1_800_000_000_000, "speed": 0, "source": "own"}
    assert (await messenger.control("/clock", advance_seconds=1.5))["now_ms"] == 1_800_000_001_500
    await messenger.control("/clock", speed=1000)
    async with asyncio.timeout(30):
        await messenger.world.clock.wait_until(1_800_000_003_000, asyncio.Event())
    assert (await messenger.look("/clock"))["now_ms"] >= 1_800_000_003_000


async def test_a_clock_url_is_asked_at_every_call_and_cannot_be_moved(receiver: Receiver) -> None:
    now = 1_800_000_000_000
    broken = False

    async def answer(request: httpx.Request) -> httpx.Response:
        if broken:
            raise httpx.ConnectError("refused")
        if request.url.host == "clock.test":
            return httpx.Response(200, json={"now_ms": now})
        return await Receiver.handle_async_request(receiver, request)

    config = Config(clock_url="http://clock.test/now", transport=httpx.MockTransport(answer))
    app = create_app(config)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://graph.test") as client:
        assert (await client.get("/_sandbox/clock")).json()["now_ms"] == now
        now += 86_400_000
        assert (await client.get("/_sandbox/clock")).json()["now_ms"] == now
        assert (await client.post("/_sandbox/clock", json={"advance_seconds": 1})).status_code == 400
        broken = True
        answer_without_time = await client.get("/v26.0/me", headers={"Authorization": "Bearer EAA"})
        assert (answer_without_time.status_code, error_of(answer_without_time)) == (503, (2, None))
    await app.state.world.close()


async def test_waiting_for_a_send(messenger: Messenger) -> None:
    await messenger.act("say", text="hello")
    wanted = {"what": "send", "recipient": PSID, "text": "second", "timeout": 5}
    waiting = asyncio.create_task(messenger.control("/wait", **wanted))
    await messenger.send("first")
    sent = await messenger.send("second")
    result = await waiting
    assert result["done"]
    assert [item["mid"] for item in result["sends"]] == [sent.json()["message_id"]]


async def test_waiting_in_vain_ends(messenger: Messenger) -> None:
    answer = await messenger.client.post("/_sandbox/wait", json={"what": "send", "timeout": 0.01})
    assert answer.status_code == 408
    assert answer.json() == {"done": False, "sends": []}


async def test_the_ledger_of_calls(messenger: Messenger) -> None:
    await messenger.send("too early")
    await messenger.act("say", text="hello")
    await messenger.send(message={"text": "now", "metadata": "m1"})
    lines = (await messenger.look("/ledger", name="graph"))["lines"]
    assert [line["line"] for line in lines] == ["request", "decision", "request", "decision", "echo"]
    assert [line["seq"] for line in lines] == [1, 2, 3, 4, 5]
    request, refused = lines[0], lines[1]
    assert (request["page"], request["recipient"], request["kind"]) == (PAGE, PSID, "text")
    assert (request["auth"], request["proof"], request["messaging_type"]) == ("header", "ok", "RESPONSE")
    assert (refused["outcome"], refused["code"], refused["subcode"]) == ("rejected", 10, 2018278)
    assert lines[3]["outcome"] == "accepted"
    assert lines[3]["mid"] == lines[4]["mid"]
    assert lines[2]["metadata"] == lines[4]["metadata"] == "m1"
    assert (await messenger.look("/ledger", name="graph", after=4))["lines"] == lines[4:]
    assert TOKEN not in str(lines)


async def test_the_ledger_of_deliveries(messenger: Messenger) -> None:
    mid = (await messenger.act("say", text="hello"))["mid"]
    await messenger.settle()
    line = (await messenger.look("/ledger", name="meta"))["lines"][0]
    assert line["events"] == [
        {
            "key": f"{PAGE}:message:{mid}",
            "kind": "message",
            "mid": mid,
            "customer": PSID,
            "time": messenger.world.clock.now_ms(),
        }
    ]
    assert (line["attempt"], line["result"], line["status"]) == (1, "2xx", 200)


def test_ledger_files_go_on_after_a_torn_line(tmp_path: Path, messenger_clock: Any) -> None:
    first = Ledger("graph", messenger_clock, tmp_path)
    first.write({"line": "a"})
    first.write({"line": "b"})
    first.close()
    with (tmp_path / "graph.jsonl").open("ab") as file:
        file.write(b'{"seq":3,"li')
    second = Ledger("graph", messenger_clock, tmp_path)
    assert second.write({"line": "c"}) == 3
    second.close()
    lines = [orjson.loads(line) for line in (tmp_path / "graph.jsonl").read_bytes().splitlines()]
    assert [(line["seq"], line["line"]) for line in lines] == [(1, "a"), (2, "b"), (3, "c")]


@pytest.fixture
def messenger_clock(messenger: Messenger) -> Any:
    return messenger.world.clock


async def test_a_reset_forgets_all_but_the_ledgers(messenger: Messenger, receiver: Receiver) -> None:
    receiver.status = 500
    await messenger.act("say", text="hello")
    seq = messenger.world.graph.seq
    await messenger.control("/reset")
    seen = await messenger.look("/overview")
    assert (seen["apps"], seen["pages"], seen["customers"]) == ([], [], [])
    assert (await messenger.look("/deliveries"))["pending"] == []
    assert (await messenger.look("/clock"))["speed"] == 1
    assert messenger.world.graph.seq == seq


async def test_the_same_seed_draws_the_same_ids() -> None:
    async def mids() -> list[str]:
        app = create_app(Config(seed=3))
        drawn = [app.state.world.ids.mid() for _ in range(3)]
        await app.state.world.close()
        return drawn

    first = await mids()
    assert await mids() == first
    assert all(mid.startswith("m_") and len(mid) == 88 for mid in first)


async def _web(messenger: Messenger, name: str) -> str:
    answer = await messenger.client.get(f"/_sandbox/web/{name}")
    assert answer.status_code == 200
    return answer.text


async def test_the_web_page_is_self_contained(messenger: Messenger) -> None:
    page = await messenger.client.get("/")
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]
    modules = set(re.findall(r'from "\./([a-z]+\.js)"', (await _web(messenger, "page.js"))))
    assert modules == {"common.js", "thread.js", "webhooks.js"}
    for name in ("page.js", "page.css", "attached.js", *modules):
        text = await _web(messenger, name)
        assert "http://" not in text
        assert "https://" not in text
        assert "innerHTML" not in text
        assert "insertAdjacentHTML" not in text
    assert "http" not in page.text
    assert (await messenger.client.get("/_sandbox/web/page.py")).status_code == 404


async def test_a_customers_own_file_is_kept_and_sent(messenger: Messenger, receiver: Receiver) -> None:
    post = messenger.client.post
    given = await post(
        "/_sandbox/media?name=../Order%20list.pdf",
        content=b"%PDF-1.4",
        headers={"Content-Type": "application/pdf"},
    )
    kept = given.json()
    assert kept["type"] == "file"
    assert re.fullmatch(r"http://graph\.test/_sandbox/media/\d+-\.\._Order_list\.pdf", kept["url"])
    served = await messenger.client.get(kept["url"])
    assert (served.content, served.headers["content-type"]) == (b"%PDF-1.4", "application/pdf")
    assert served.headers["content-security-policy"] == "sandbox"
    await messenger.act("say", attachments=[{"type": kept["type"], "url": kept["url"]}])
    await messenger.settle()
    (told,) = receiver.events("message")[-1]["message"]["attachments"]
    assert told == {"type": "file", "payload": {"url": kept["url"]}}
    picture = await post("/_sandbox/media?name=a.png", content=b"x", headers={"Content-Type": "image/png"})
    assert picture.json()["type"] == "image"


@pytest.mark.parametrize(("size", "status"), [(0, 400), (25 * 1024 * 1024 + 1, 413)])
async def test_a_file_that_is_empty_or_too_large_is_refused(
    messenger: Messenger, size: int, status: int
) -> None:
    answer = await messenger.client.post("/_sandbox/media?name=a", content=b"x" * size)
    assert (answer.status_code, "bytes" in answer.json()["error"]) == (status, True)
