"""How webhooks are delivered: order, retries, the alert, the end after an hour, holding, repeating."""

import asyncio
import hashlib
import hmac
from typing import Any

import httpx
import pytest

from support.eventually import eventually
from support.sandbox_driver import APP, CALLBACK, PAGE, PSID, SECRET, Messenger, Receiver

QUARTER, HOUR = 15 * 60, 60 * 60
SUBSCRIBED = f"/v26.0/{PAGE}/subscribed_apps"


async def say_all(messenger: Messenger, *texts: str) -> None:
    for text in texts:
        await messenger.act("say", text=text)


async def subscription(messenger: Messenger) -> dict[str, Any]:
    found: dict[str, Any] = (await messenger.look("/deliveries"))["subscriptions"][0]
    return found


async def test_a_delivery_is_signed_over_its_own_bytes(messenger: Messenger, receiver: Receiver) -> None:
    await messenger.act("say", text="Héllo 👋 a/b")
    await messenger.settle()
    request = receiver.requests[0]
    expected = hmac.new(SECRET.encode(), request.content, hashlib.sha256).hexdigest()
    assert request.headers["X-Hub-Signature-256"] == f"sha256={expected}"
    assert request.headers["X-Hub-Signature"].startswith("sha1=")
    assert request.headers["User-Agent"] == "facebookexternalua"
    assert request.headers["Content-Type"] == "application/json"
    assert request.url == CALLBACK
    assert b"H\\u00e9llo \\ud83d\\udc4b a\\/b" in request.content


async def test_deliveries_of_a_page_keep_their_order(messenger: Messenger, receiver: Receiver) -> None:
    async def slow(_: httpx.Request) -> None:
        await asyncio.sleep(0)

    receiver.before_answer = slow
    texts = [f"message {number}" for number in range(30)]
    await say_all(messenger, *texts)
    await messenger.settle()
    assert receiver.texts() == texts


async def test_several_may_be_under_way_if_so_set(messenger: Messenger, receiver: Receiver) -> None:
    await messenger.control("/deliveries/settings", concurrency=3)
    together = asyncio.Barrier(3)

    async def meet(_: httpx.Request) -> None:
        await asyncio.wait_for(together.wait(), 30)

    receiver.before_answer = meet
    await say_all(messenger, "a", "b", "c")
    await messenger.settle()
    assert sorted(receiver.texts()) == ["a", "b", "c"]


async def test_retries_wait_on_the_sandbox_clock(messenger: Messenger, receiver: Receiver) -> None:
    receiver.status = 503
    await messenger.act("say", text="hello")
    await messenger.tries(3)  # the first and two at once
    for number, wait in enumerate([5, 15, 30, 60, 120, 240, 300, 300], start=4):
        await messenger.advance(wait - 1)
        assert len(messenger.ledger("meta")) == number - 1
        await messenger.advance(1)
        await messenger.tries(number)
    receiver.status = 200
    await messenger.control("/deliveries/retry")
    await messenger.settle()
    lines = messenger.ledger("meta")
    assert [line["attempt"] for line in lines] == list(range(1, 13))
    assert [line["result"] for line in lines] == ["non2xx"] * 11 + ["2xx"]
    assert len({line["sha256"] for line in lines}) == 1


async def test_failing_holds_up_what_follows(messenger: Messenger, receiver: Receiver) -> None:
    receiver.status = 500
    await say_all(messenger, "a", "b")
    await messenger.tries(3)
    assert set(receiver.texts()) == {"a"}
    receiver.status = 200
    await messenger.advance(5)
    await messenger.settle()
    assert receiver.texts() == ["a", "a", "a", "a", "b"]


async def test_out_of_order_a_failing_delivery_steps_aside(messenger: Messenger, receiver: Receiver) -> None:
    await messenger.control("/deliveries/settings", in_order=False)

    async def refuse_the_first(request: httpx.Request) -> None:
        receiver.status = 500 if b'"a"' in request.content and len(receiver.requests) < 5 else 200

    receiver.before_answer = refuse_the_first
    await say_all(messenger, "a", "b")
    await messenger.tries(4)
    assert "b" in receiver.texts()
    await messenger.advance(5)
    await messenger.settle()
    assert receiver.texts().count("b") == 1
    assert receiver.texts()[-1] == "a"


@pytest.mark.parametrize(
    ("after_s", "alert", "active"),
    [(QUARTER - 1, False, True), (QUARTER, True, True), (HOUR - 1, True, True), (HOUR, True, False)],
)
async def test_alert_after_15_minutes_end_after_an_hour(
    messenger: Messenger,
    receiver: Receiver,
    after_s: int,
    alert: bool,
    active: bool,
) -> None:
    receiver.status = 500
    await messenger.act("say", text="hello")
    await messenger.tries(3)
    for _ in range(after_s // 300):
        count = len(messenger.ledger("meta"))
        await messenger.advance(300)
        if (await subscription(messenger))["active"]:
            await messenger.tries(count + 1)
    await messenger.advance(after_s % 300)
    await asyncio.wait_for(_until_quiet(messenger), 30)
    found = await subscription(messenger)
    assert (found["alert_at"] is not None, found["active"]) == (alert, active)
    assert (found["unsubscribed_at"] is not None) == (not active)


async def _until_quiet(messenger: Messenger) -> None:
    """Until no attempt is under way."""
    for _ in range(20):
        await asyncio.sleep(0)
    while messenger.world.deliveries._tasks:
        await messenger.world.changes.wait(1)


async def test_the_end_drops_what_waits_and_hears_nothing_until_subscribed_again(
    messenger: Messenger, receiver: Receiver
) -> None:
    receiver.status = 500
    await say_all(messenger, "a", "b")
    await messenger.tries(3)
    await messenger.advance(HOUR)
    await messenger.tries(4)
    assert (await messenger.graph("GET", SUBSCRIBED)).json() == {"data": []}
    listing = await messenger.look("/deliveries")
    assert listing["pending"] == []
    assert [item["dropped"] for item in listing["past"]] == ["unsubscribed after an hour of failure"] * 2
    receiver.status = 200
    await messenger.act("say", text="unheard")
    skipped = (await messenger.look("/deliveries"))["skipped"][-1]
    assert skipped["why"] == "the Page was unsubscribed from the app, which must subscribe again"
    await messenger.graph("POST", SUBSCRIBED, subscribed_fields="messages")
    receiver.requests.clear()
    await messenger.act("say", text="heard")
    await messenger.settle()
    assert receiver.texts() == ["heard"]
    assert (await subscription(messenger))["unsubscribed_at"] is None


async def test_a_success_within_the_hour_starts_the_count_anew(
    messenger: Messenger, receiver: Receiver
) -> None:
    receiver.status = 500
    await messenger.act("say", text="a")
    await messenger.tries(3)
    await messenger.advance(HOUR - 60)
    await messenger.tries(4)
    receiver.status = 200
    await messenger.control("/deliveries/retry")
    await messenger.settle()
    found = await subscription(messenger)
    assert (found["failing_since"], found["alert_at"], found["active"]) == (None, None, True)
    receiver.status = 500
    await messenger.act("say", text="b")
    await messenger.tries(8)
    await messenger.advance(120)
    await messenger.tries(9)
    assert (await subscription(messenger))["active"]


async def test_a_leap_over_the_hour_tries_before_it_judges(messenger: Messenger, receiver: Receiver) -> None:
    receiver.status = 500
    await messenger.act("say", text="a")
    await messenger.tries(3)
    receiver.status = 200
    await messenger.advance(2 * HOUR)
    await messenger.settle()
    assert (await subscription(messenger))["active"]
    assert receiver.texts()[-1] == "a"


async def test_a_fast_clock_compresses_the_hour(messenger: Messenger, receiver: Receiver) -> None:
    receiver.status = 500
    await messenger.control("/clock", speed=7200)
    await messenger.act("say", text="a")
    await asyncio.wait_for(_until_unsubscribed(messenger), 30)
    found = await subscription(messenger)
    assert found["unsubscribed_at"] - found["failing_since"] >= HOUR * 1000
    assert len(receiver.requests) > 5


async def _until_unsubscribed(messenger: Messenger) -> None:
    while (await subscription(messenger))["active"]:
        await messenger.world.changes.wait(0.2)


async def test_an_app_that_does_not_answer_in_time_has_not_answered(
    messenger: Messenger, receiver: Receiver
) -> None:
    assert messenger.world.settings.deliveries.timeout_s == 5
    await messenger.control("/deliveries/settings", timeout_s=0.05)

    async def never(_: httpx.Request) -> None:
        await asyncio.Event().wait()

    receiver.before_answer = never
    await messenger.act("say", text="a")
    await messenger.tries(1)
    line = messenger.ledger("meta")[0]
    assert (line["result"], line["status"], line["error"]) == ("no-answer", None, "timeout")


async def test_a_refused_connection_is_no_answer(messenger: Messenger, receiver: Receiver) -> None:
    async def refuse(_: httpx.Request) -> None:
        raise httpx.ConnectError("connection refused")

    receiver.before_answer = refuse
    await messenger.act("say", text="a")
    await messenger.tries(3)
    pending = (await messenger.look("/deliveries"))["pending"][0]
    assert (pending["result"], pending["error"]) == ("no-answer", "ConnectError: connection refused")


# -- hold, release, repeat, delay --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({}, ["a", "b", "c", "d"]),
        ({"order": "reversed"}, ["d", "c", "b", "a"]),
        ({"order": "shuffled", "seed": 3}, ["d", "a", "c", "b"]),
    ],
)
async def test_held_deliveries_are_released_in_the_order_asked_for(
    messenger: Messenger, receiver: Receiver, how: dict[str, Any], expected: list[str]
) -> None:
    await messenger.control("/deliveries/hold")
    await say_all(messenger, "a", "b", "c", "d")
    await messenger.settle()
    assert receiver.requests == []
    assert (await messenger.control("/deliveries/release", **how))["posts"] == 4
    await messenger.settle()
    assert receiver.texts() == expected
    await messenger.act("say", text="e")
    await messenger.settle()
    assert receiver.texts()[-1] == "e"


async def test_a_hold_may_catch_one_kind_alone(messenger: Messenger, receiver: Receiver) -> None:
    await messenger.control("/deliveries/hold", kinds=["echo"])
    await messenger.act("say", text="hello")
    await messenger.send("answer")
    await messenger.settle()
    assert [sorted(set(event) - {"sender", "recipient", "timestamp"}) for event in receiver.events()] == [
        ["message"],
        ["delivery"],
    ]
    await messenger.control("/deliveries/release")
    await messenger.settle()
    assert receiver.events("message")[-1]["message"]["is_echo"]


async def test_held_events_can_go_out_in_batches(messenger: Messenger, receiver: Receiver) -> None:
    await messenger.control("/deliveries/hold")
    await say_all(messenger, *[f"m{number}" for number in range(7)])
    assert (await messenger.control("/deliveries/release", batch=5))["posts"] == 2
    await messenger.settle()
    assert [len(body["entry"]) for body in receiver.bodies] == [5, 2]
    assert receiver.texts() == [f"m{number}" for number in range(7)]
    assert [len(line["events"]) for line in messenger.ledger("meta")] == [5, 2]


async def test_past_deliveries_are_repeated_byte_for_byte(messenger: Messenger, receiver: Receiver) -> None:
    await say_all(messenger, "a", "b")
    await messenger.settle()
    first = [request.content for request in receiver.requests]
    assert (await messenger.control("/deliveries/repeat", times=2))["posts"] == 4
    await messenger.settle()
    assert [request.content for request in receiver.requests] == first * 3
    receiver.requests.clear()
    await messenger.control("/deliveries/repeat", last=1)
    await messenger.settle()
    assert [request.content for request in receiver.requests] == first[1:]


async def test_repeats_may_arrive_all_at_once(messenger: Messenger, receiver: Receiver) -> None:
    await messenger.act("say", text="a")
    await messenger.settle()
    together = asyncio.Barrier(20)

    async def meet(_: httpx.Request) -> None:
        await asyncio.wait_for(together.wait(), 30)

    receiver.before_answer = meet
    await messenger.control("/deliveries/repeat", times=20, parallel=20)
    await messenger.settle()
    assert len({request.content for request in receiver.requests}) == 1
    assert len(receiver.requests) == 21


async def test_deliveries_can_be_delayed(messenger: Messenger, receiver: Receiver) -> None:
    await messenger.control("/deliveries/delay", seconds=300)
    await messenger.act("say", text="a")
    await messenger.advance(299)
    assert receiver.requests == []
    await messenger.advance(1)
    await messenger.settle()
    assert receiver.texts() == ["a"]


# -- who hears what ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("/apps", {"app_id": APP, "callback_url": None}), "the app has no webhook subscription"),
        (
            ("/apps", {"app_id": APP, "fields": ["standby"]}),
            "the app is not subscribed to the field messages",
        ),
        (
            ("/pages", {"page_id": PAGE, "app_id": APP, "subscribed_fields": ["standby"]}),
            "the Page is not subscribed to the field messages",
        ),
        (("/apps", {"app_id": APP, "mode": "development"}), "the app is in development mode"),
    ],
)
async def test_why_nothing_arrives_is_told(
    messenger: Messenger, receiver: Receiver, change: tuple[str, dict[str, Any]], why: str
) -> None:
    await messenger.control(change[0], **change[1])
    await messenger.act("say", text="a")
    await messenger.settle()
    assert receiver.requests == []
    assert (await messenger.look("/deliveries"))["skipped"][-1]["why"].startswith(why)


async def test_a_second_app_that_has_nothing_to_do_with_the_page_is_no_news(messenger: Messenger) -> None:
    await messenger.control("/apps", app_id="119", app_secret="another-secret")
    await messenger.act("say", text="a")
    assert [each["is_news"] for each in (await messenger.look("/deliveries"))["skipped"]] == [False]
    # An app that takes part and lacks a field is news, and so is an event that nobody hears.
    await messenger.control("/apps", app_id=APP, fields=["messages"])
    await messenger.act("read")
    skipped = (await messenger.look("/deliveries"))["skipped"]
    assert [(each["app_id"], each["is_news"]) for each in skipped[1:]] == [(APP, True), ("119", True)]


async def test_a_delivery_shows_its_request_and_its_answers_and_is_sent_again(
    messenger: Messenger, receiver: Receiver
) -> None:
    receiver.status, receiver.answer = 500, '{"error": "storage is away"}'
    (delivery_id,) = (await messenger.act("say", text="héllo"))["deliveries"]
    await eventually(lambda: _tries(messenger, delivery_id))
    shown = await messenger.look(f"/deliveries/{delivery_id}")
    request = receiver.requests[0]
    assert shown["body"].encode() == request.content
    assert shown["url"] == CALLBACK
    signature = request.headers["x-hub-signature-256"]
    assert shown["headers"]["X-Hub-Signature-256"] == signature
    first = shown["tries"][0]
    assert (first["result"], first["status"], first["answer"]) == ("non2xx", 500, receiver.answer)

    receiver.status, receiver.answer = 200, "x" * 5000
    await messenger.control("/deliveries/retry")
    await messenger.settle()
    shown = await messenger.look(f"/deliveries/{delivery_id}")
    assert (shown["tries"][-1]["status"], len(shown["tries"][-1]["answer"])) == (200, 4000)
    assert (await messenger.control("/deliveries/repeat", ids=[delivery_id]))["posts"] == 1
    await messenger.settle()
    assert receiver.requests[-1].content == request.content
    missing = await messenger.client.get("/_sandbox/deliveries/nobody")
    assert missing.status_code == 404


async def _tries(messenger: Messenger, delivery_id: str) -> Any:
    return (await messenger.look(f"/deliveries/{delivery_id}"))["tries"]


async def test_a_page_never_subscribed_says_so(messenger: Messenger, receiver: Receiver) -> None:
    await messenger.control("/pages", page_id="230451889017744", access_token="EAA-b", app_id=APP)
    psid = (await messenger.control("/customers", page_id="230451889017744"))["psid"]
    await messenger.control(f"/customers/230451889017744/{psid}/say", text="a")
    assert receiver.requests == []
    skipped = (await messenger.look("/deliveries"))["skipped"][-1]
    assert skipped["why"].startswith("the Page is not subscribed to the app")


async def test_an_app_without_control_is_on_standby(messenger: Messenger, receiver: Receiver) -> None:
    await messenger.act("say", text="before")
    to_self = {"recipient": {"id": PSID}, "target_app_id": APP}
    await messenger.graph("POST", f"/v26.0/{PAGE}/pass_thread_control", **to_self)
    await messenger.control(f"/pages/{PAGE}/answer", psid=PSID, text="Mia here", take_thread=True)
    await messenger.act("say", text="after")
    await messenger.act("postback", title="Help", payload="HELP")
    await messenger.act("read")
    mid = messenger.world.transcript(PAGE, PSID)[1].mid
    await messenger.act("react", mid=mid)
    await messenger.settle()
    assert receiver.events("message")[0]["message"]["text"] == "before"
    taken = receiver.events("take_thread_control")[0]["take_thread_control"]
    assert (taken["previous_owner_app_id"], taken["new_owner_app_id"]) == (APP, "263902037430900")
    standby = receiver.events(where="standby")
    assert [event["message"]["text"] for event in standby if "message" in event] == ["Mia here", "after"]
    postbacks = [event["postback"] for event in standby if "postback" in event]
    assert [set(item) for item in postbacks] == [{"mid", "title"}]
    assert [event for event in standby if "read" in event]
    assert "reaction" not in str(standby)


async def test_standby_needs_its_own_field(messenger: Messenger, receiver: Receiver) -> None:
    await messenger.control("/pages", page_id=PAGE, app_id=APP, subscribed_fields=["messages"])
    await messenger.control(f"/pages/{PAGE}/answer", psid=PSID, text="Mia here", take_thread=True)
    await messenger.act("say", text="after")
    await messenger.settle()
    assert receiver.events() == []
    assert (await messenger.look("/deliveries"))["skipped"][-1]["why"].endswith("the field standby")


async def test_a_default_app_gets_idle_threads_and_the_inbox_takes_over(
    messenger: Messenger, receiver: Receiver
) -> None:
    await messenger.control("/pages", page_id=PAGE, default_app_id=APP)
    await messenger.act("say", text="hello")
    owner = await messenger.graph("GET", f"/v26.0/{PAGE}/thread_owner", recipient=PSID)
    assert owner.json()["data"][0]["thread_owner"]["app_id"] == APP
    await messenger.control(f"/pages/{PAGE}/answer", psid=PSID, text="Mia here")
    assert (await messenger.send()).status_code == 400
    took = await messenger.graph("POST", f"/v26.0/{PAGE}/take_thread_control", recipient={"id": PSID})
    assert took.json() == {"success": True}
    assert (await messenger.send()).status_code == 200
    await messenger.settle()
    assert receiver.events("take_thread_control")


async def test_control_can_be_passed_released_extended_and_lapses(messenger: Messenger) -> None:
    other = "2045518837702214"
    await messenger.control("/apps", app_id=other, app_secret="other")
    await messenger.act("say", text="hello")
    call = f"/v26.0/{PAGE}"
    to_other = {"recipient": {"id": PSID}, "target_app_id": other}
    assert (await messenger.graph("POST", f"{call}/pass_thread_control", **to_other)).status_code == 200
    assert (await messenger.send()).status_code == 400
    assert (await messenger.graph("POST", f"{call}/take_thread_control", **to_other)).status_code == 400
    await messenger.advance(86_400 - 1)
    assert (await messenger.look(f"/threads/{PAGE}/{PSID}"))["thread"]["owner_app_id"] == other
    await messenger.advance(1)
    assert (await messenger.graph("GET", f"{call}/thread_owner", recipient=PSID)).json() == {"data": []}
    to_self = {"recipient": {"id": PSID}, "target_app_id": APP}
    assert (await messenger.graph("POST", f"{call}/pass_thread_control", **to_self)).status_code == 200
    extend = {"recipient": {"id": PSID}, "duration": 7 * 86_400}
    assert (await messenger.graph("POST", f"{call}/extend_thread_control", **extend)).status_code == 200
    too_long = {**extend, "duration": 7 * 86_400 + 1}
    assert (await messenger.graph("POST", f"{call}/extend_thread_control", **too_long)).status_code == 400
    release = {"recipient": {"id": PSID}}
    assert (await messenger.graph("POST", f"{call}/release_thread_control", **release)).status_code == 200
    unknown = {"recipient": {"id": PSID}, "target_app_id": "999"}
    assert (await messenger.graph("POST", f"{call}/pass_thread_control", **unknown)).status_code == 400


async def test_who_keeps_the_time_is_told_when_the_next_delivery_goes_out(
    messenger: Messenger, receiver: Receiver
) -> None:
    assert await messenger.look("/due") == {"due_ms": None}
    seen: list[Any] = []

    async def look(_: httpx.Request) -> None:
        seen.append(await messenger.look("/due"))

    receiver.before_answer = look
    await messenger.act("say", text="hello")
    await messenger.settle()
    assert seen == [{"due_ms": 0}]
    assert await messenger.look("/due") == {"due_ms": None}
    await messenger.control("/deliveries/delay", seconds=60)
    now_ms = (await messenger.look("/clock"))["now_ms"]
    await messenger.act("say", text="later")
    assert await messenger.look("/due") == {"due_ms": now_ms + 60_000}


async def test_a_call_is_under_way_from_before_it_reads_the_clock_until_its_echo_is_in_line(
    messenger: Messenger, monkeypatch: pytest.MonkeyPatch
) -> None:
    await messenger.act("say", text="hello")
    await messenger.settle()
    due: list[int | None] = []

    async def read_the_clock() -> None:
        due.append((await messenger.look("/due"))["due_ms"])

    monkeypatch.setattr(messenger.world.clock, "refresh", read_the_clock)
    await messenger.control("/deliveries/delay", seconds=60)
    await messenger.send("an answer")
    assert due == [0, 0]
    assert (await messenger.look("/due"))["due_ms"] > 0
