"""What follows an accepted send: echo, delivery, read; before or after the answer; and what others write."""

import asyncio

import httpx
import pytest

from support.sandbox_driver import APP, PAGE, PSID, Messenger, Receiver


def kinds(receiver: Receiver) -> list[str]:
    """Which kinds of event came, in order."""
    rest = [set(event) - {"sender", "recipient", "timestamp"} for event in receiver.events()]
    return [next(iter(keys)) for keys in rest]


async def test_an_accepted_send_is_echoed_and_delivered(messenger: Messenger, receiver: Receiver) -> None:
    asked = await messenger.act("say", text="is it in stock?")
    answer = await messenger.send(
        message={"text": "yes", "metadata": "pd-01JD3V8Q"}, reply_to={"mid": asked["mid"]}
    )
    await messenger.settle()
    assert kinds(receiver) == ["message", "message", "delivery"]
    echo = receiver.events()[1]
    mid = answer.json()["message_id"]
    assert (echo["sender"]["id"], echo["recipient"]["id"]) == (PAGE, PSID)
    assert echo["message"] == {
        "mid": mid,
        "is_echo": True,
        "app_id": int(APP),
        "metadata": "pd-01JD3V8Q",
        "text": "yes",
        "reply_to": {"mid": asked["mid"], "is_self_reply": False},
    }
    assert receiver.events()[2]["delivery"] == {"mids": [mid], "watermark": echo["timestamp"]}


async def test_by_default_the_echo_leaves_after_the_answer(messenger: Messenger, receiver: Receiver) -> None:
    await messenger.act("say", text="hello")
    await messenger.settle()
    order: list[str] = []

    async def note(_: httpx.Request) -> None:
        order.append("webhook")

    receiver.before_answer = note
    await messenger.send()
    order.append("answer")
    await messenger.settle()
    assert order == ["answer", "webhook", "webhook"]


@pytest.mark.parametrize("kind", ["echo", "delivery"])
async def test_an_event_may_arrive_before_the_answer(
    messenger: Messenger, receiver: Receiver, kind: str
) -> None:
    await messenger.control("/settings", **{kind: {"before_answer": True}})
    await messenger.act("say", text="hello")
    await messenger.settle()
    receiver.requests.clear()
    sending = asyncio.create_task(messenger.send())
    arrived = asyncio.Event()

    async def note(_: httpx.Request) -> None:
        arrived.set()
        assert not sending.done()

    receiver.before_answer = note
    await asyncio.wait_for(arrived.wait(), 30)
    assert (await sending).status_code == 200
    assert kinds(receiver)[0] == {"echo": "message", "delivery": "delivery"}[kind]
    accepted = [line["line"] for line in messenger.ledger() if line["line"] != "request"]
    assert accepted[0] == "decision"


async def test_a_held_echo_does_not_hold_up_the_answer(messenger: Messenger, receiver: Receiver) -> None:
    await messenger.control("/settings", echo={"before_answer": True}, delivery={"on": False})
    await messenger.act("say", text="hello")
    await messenger.settle()
    await messenger.control("/deliveries/hold")
    assert (await messenger.send()).status_code == 200
    assert kinds(receiver) == ["message"]


async def test_each_can_be_switched_off_and_delayed(messenger: Messenger, receiver: Receiver) -> None:
    await messenger.control(
        "/settings", echo={"delay_ms": 5000}, delivery={"on": False}, read={"on": True, "delay_ms": 9000}
    )
    await messenger.act("say", text="hello")
    await messenger.send()
    await messenger.tries(1)
    await messenger.advance(4.9)
    assert kinds(receiver) == ["message"]
    await messenger.advance(0.1)
    await messenger.tries(2)
    await messenger.advance(4)
    await messenger.settle()
    assert kinds(receiver) == ["message", "message", "read"]
    assert [line["emitted"] for line in messenger.ledger() if line["line"] == "echo"] == ["after_answer"]


async def test_a_delayed_echo_does_not_hold_up_the_customer(messenger: Messenger, receiver: Receiver) -> None:
    await messenger.control("/settings", echo={"delay_ms": 300_000}, delivery={"on": False})
    await messenger.act("say", text="hello")
    await messenger.send("answer")
    await messenger.act("say", text="still there?")
    await messenger.tries(2)
    assert receiver.texts() == ["hello", "still there?"]
    await messenger.advance(300)
    await messenger.settle()
    assert receiver.texts()[-1] == "answer"


async def test_a_withheld_echo_is_in_the_ledger(messenger: Messenger) -> None:
    await messenger.control("/settings", echo={"on": False})
    await messenger.act("say", text="hello")
    await messenger.send()
    assert [line["emitted"] for line in messenger.ledger() if line["line"] == "echo"] == ["withheld"]


async def test_refused_sends_and_sender_actions_have_no_echo(
    messenger: Messenger, receiver: Receiver
) -> None:
    assert (await messenger.send()).status_code == 400
    await messenger.act("say", text="hello")
    await messenger.graph("POST", "/v26.0/me/messages", recipient={"id": PSID}, sender_action="typing_on")
    await messenger.settle()
    assert kinds(receiver) == ["message"]


async def test_echoes_of_attachments_and_templates(messenger: Messenger, receiver: Receiver) -> None:
    await messenger.act("say", text="hello")
    button = {"type": "web_url", "url": "https://www.example.com/", "title": "Visit"}
    payload = {"template_type": "button", "text": "Look", "buttons": [button]}
    await messenger.send(message={"attachment": {"type": "template", "payload": payload}})
    await messenger.send(
        message={"attachment": {"type": "image", "payload": {"url": "https://cdn.test/a.png"}}}
    )
    await messenger.settle()
    echoes = [event["message"] for event in receiver.events("message") if "is_echo" in event["message"]]
    assert echoes[0]["attachments"] == [{"type": "template", "payload": payload}]
    assert echoes[1]["attachments"] == [{"type": "image", "payload": {"url": "https://cdn.test/a.png"}}]


@pytest.mark.parametrize("app_id", ["263902037430900", "2045518837702214", None])
async def test_others_write_for_the_page_too(
    messenger: Messenger, receiver: Receiver, app_id: str | None
) -> None:
    await messenger.control(f"/pages/{PAGE}/answer", psid=PSID, text="Mia here", app_id=app_id)
    await messenger.settle()
    message = receiver.events()[0]["message"]
    assert message["is_echo"]
    assert message.get("app_id") == (None if app_id is None else int(app_id))
