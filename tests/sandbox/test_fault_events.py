"""What faults make of echoes and of other deliveries; the unsubscription that nobody is told of."""

import asyncio
from typing import Any

import httpx
import pytest

from support.sandbox_driver import APP, PAGE, PSID, Messenger


def echoes(messenger: Messenger, where: str = "messaging") -> list[dict[str, Any]]:
    messages = [event["message"] for event in messenger.receiver.events("message", where)]
    return [message for message in messages if message.get("is_echo")]


def echo_lines(messenger: Messenger) -> list[dict[str, Any]]:
    return [line for line in messenger.ledger() if line["line"] == "echo"]


async def send_and_settle(messenger: Messenger) -> str:
    """One send with metadata, and all that follows it at once; gives its mid."""
    answer = await messenger.send(message={"text": "hi", "metadata": "pd-1"})
    await messenger.settle()
    mid: str = answer.json()["message_id"]
    return mid


# -- echoes ------------------------------------------------------------------------------------------------


async def test_an_echo_comes_before_the_answer(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="echo_early", times=1)
    order: list[str] = []

    async def note(_: httpx.Request) -> None:
        order.append("webhook")

    open_window.receiver.before_answer = note
    for _ in range(2):
        await open_window.send()
        order.append("answer")
        await open_window.settle()
    assert order == ["webhook", "answer", "webhook", "answer", "webhook", "webhook"]
    assert [line["emitted"] for line in echo_lines(open_window)] == ["before_answer", "after_answer"]


async def test_an_echo_comes_late(open_window: Messenger) -> None:
    await open_window.control("/settings", delivery={"on": False})
    await open_window.control("/faults", kind="echo_late", seconds=300)
    await open_window.send()
    await open_window.advance(299)
    assert echoes(open_window) == []
    await open_window.advance(1)
    await open_window.settle()
    assert len(echoes(open_window)) == 1
    assert echo_lines(open_window)[0]["delay_ms"] == 300_000


@pytest.mark.parametrize("copies", [2, 50])
async def test_an_echo_comes_more_than_once(open_window: Messenger, copies: int) -> None:
    fault = await open_window.control("/faults", kind="echo_again", copies=copies)
    mid = await send_and_settle(open_window)
    assert [echo["mid"] for echo in echoes(open_window)] == [mid] * copies
    (line,) = echo_lines(open_window)
    assert (line["copies"], line["faults"], len(line["deliveries"])) == (copies, [fault["id"]], copies)


async def test_an_echo_never_comes(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="echo_never", times=1)
    await send_and_settle(open_window)
    second = await send_and_settle(open_window)
    assert [echo["mid"] for echo in echoes(open_window)] == [second]
    assert [line["emitted"] for line in echo_lines(open_window)] == ["withheld", "after_answer"]


async def test_an_echo_comes_in_standby(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="echo_standby")
    mid = await send_and_settle(open_window)
    assert echoes(open_window) == []
    assert [echo["mid"] for echo in echoes(open_window, "standby")] == [mid]
    assert echo_lines(open_window)[0]["standby"] is True


@pytest.mark.parametrize(
    ("given", "app_id"), [({}, 263902037430900), ({"app_id": "2045518837702214"}, 2045518837702214)]
)
async def test_an_echo_names_another_app(open_window: Messenger, given: dict[str, str], app_id: int) -> None:
    await open_window.control("/faults", kind="echo_other_app", **given)
    await send_and_settle(open_window)
    (echo,) = echoes(open_window)
    assert (echo["app_id"], echo["metadata"]) == (app_id, "pd-1")


async def test_an_echo_has_no_metadata(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="echo_no_metadata")
    await send_and_settle(open_window)
    (echo,) = echoes(open_window)
    assert "metadata" not in echo
    assert echo["app_id"] == int(APP)
    assert echo_lines(open_window)[0]["metadata"] is None


async def test_several_faults_strike_one_echo(open_window: Messenger) -> None:
    for kind in ("echo_again", "echo_no_metadata", "echo_early"):
        await open_window.control("/faults", kind=kind)
    await send_and_settle(open_window)
    assert ["metadata" in echo for echo in echoes(open_window)] == [False, False]
    assert echo_lines(open_window)[0]["emitted"] == "before_answer"


async def test_an_echo_fault_is_of_one_person(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="echo_never", recipient="somebody else")
    await send_and_settle(open_window)
    assert len(echoes(open_window)) == 1


# -- deliveries --------------------------------------------------------------------------------------------


async def test_a_delivery_comes_hours_late(messenger: Messenger) -> None:
    await messenger.control("/faults", kind="delivery_late", seconds=6 * 3600, times=1, page_id=PAGE)
    await messenger.act("say", text="one")
    await messenger.act("say", text="two")
    await messenger.tries(1)
    assert messenger.receiver.texts() == ["two"]
    await messenger.advance(6 * 3600)
    await messenger.settle()
    assert messenger.receiver.texts() == ["two", "one"]


@pytest.mark.parametrize("seed", [3, 4])
async def test_deliveries_are_reordered_by_a_seed(messenger: Messenger, seed: int) -> None:
    said = [str(number) for number in range(10)]
    orders = []
    for _ in range(2):
        await messenger.control("/faults", kind="delivery_late", spread=60, seed=seed)
        for text in said:
            await messenger.act("say", text=text)
        await messenger.advance(60)
        await messenger.settle()
        orders.append(messenger.receiver.texts()[-10:])
        await messenger.client.delete("/_sandbox/faults")
    assert sorted(orders[0]) == said
    assert orders[0] != said
    assert orders[0] == orders[1]


@pytest.mark.parametrize("copies", [2, 50])
async def test_a_delivery_goes_out_so_often_at_once(messenger: Messenger, copies: int) -> None:
    await messenger.control("/faults", kind="delivery_again", copies=copies, parallel=8, events=["message"])
    at_once, most = 0, 0

    async def note(_: httpx.Request) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.01)
        at_once -= 1

    messenger.receiver.before_answer = note
    await messenger.act("say", text="hello")
    await messenger.act("read")
    await messenger.settle()
    assert messenger.receiver.texts() == ["hello"] * copies
    assert len(messenger.receiver.events("read")) == 1
    assert most == min(copies, 9)
    bodies = [request.content for request in messenger.receiver.requests if b'"hello"' in request.content]
    assert len(set(bodies)) == 1


async def test_copies_of_a_late_echo_are_late_too(open_window: Messenger) -> None:
    await open_window.control("/settings", delivery={"on": False})
    await open_window.control("/faults", kind="delivery_again", events=["echo"])
    await open_window.control("/faults", kind="delivery_late", seconds=60, events=["echo"])
    await open_window.send()
    await open_window.advance(59)
    assert echoes(open_window) == []
    await open_window.advance(1)
    await open_window.settle()
    assert len(echoes(open_window)) == 2


# -- the silent unsubscription -----------------------------------------------------------------------------


async def test_a_page_is_unsubscribed_and_nobody_is_told(open_window: Messenger) -> None:
    messenger = open_window
    await messenger.control("/faults", kind="delivery_late", seconds=60)
    await messenger.act("say", text="waits")
    assert await messenger.control(f"/pages/{PAGE}/unsubscribe") == {"apps": [APP]}
    await messenger.act("say", text="unheard")
    await messenger.advance(60)
    await messenger.settle()
    assert messenger.receiver.texts() == ["hello"]
    read = await messenger.graph("GET", f"/{PAGE}/subscribed_apps")
    assert read.json() == {"data": []}
    past = (await messenger.look("/deliveries"))["past"]
    assert [item.get("dropped") for item in past] == [None, "unsubscribed"]
    threads = await messenger.graph("GET", f"/{PAGE}/conversations", fields="messages{message}", user_id=PSID)
    texts = [item["message"] for item in threads.json()["data"][0]["messages"]["data"]]
    assert texts == ["unheard", "waits", "hello"]
    await messenger.client.delete("/_sandbox/faults")
    await messenger.graph("POST", f"/{PAGE}/subscribed_apps", subscribed_fields="messages")
    await messenger.act("say", text="heard")
    await messenger.settle()
    assert messenger.receiver.texts() == ["hello", "heard"]


async def test_there_must_be_something_to_unsubscribe(messenger: Messenger) -> None:
    async def refused(path: str, **body: Any) -> int:
        return (await messenger.client.post(f"/_sandbox{path}", json=body)).status_code

    assert await refused("/pages/1/unsubscribe") == 404
    assert await refused(f"/pages/{PAGE}/unsubscribe", app_id="1") == 404
    assert await refused(f"/pages/{PAGE}/unsubscribe", app="1") == 400
    assert await messenger.control(f"/pages/{PAGE}/unsubscribe", app_id=APP) == {"apps": [APP]}
    assert await refused(f"/pages/{PAGE}/unsubscribe") == 404
