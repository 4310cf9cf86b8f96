"""What bots, the Page inbox and Meta's own automation do in a thread, and events of odd forms."""

from typing import Any

from sandbox.media import sample_png
from support.sandbox_driver import APP, PAGE, PSID, Messenger

INBOX = "263902037430900"


def entries(messenger: Messenger) -> list[dict[str, Any]]:
    return [entry for body in messenger.receiver.bodies for entry in body["entry"]]


def of_channel(messenger: Messenger, channel: str) -> list[dict[str, Any]]:
    return [event for entry in entries(messenger) for event in entry.get(channel, [])]


async def test_an_instant_reply_follows_the_first_message_and_names_no_app(messenger: Messenger) -> None:
    await messenger.control(f"/pages/{PAGE}/instant-reply", text="Thanks!", delay_ms=300)
    await messenger.act("say", text="hello")
    await messenger.act("say", text="anybody?")
    await messenger.control("/clock", advance_seconds=1)
    await messenger.settle()
    echoes = [each for each in of_channel(messenger, "messaging") if each["message"].get("is_echo")]
    (echo,) = echoes
    assert echo["message"]["text"] == "Thanks!"
    assert "app_id" not in echo["message"]
    first = of_channel(messenger, "messaging")[0]
    assert echo["timestamp"] == first["timestamp"] + 300


async def test_a_day_of_silence_brings_the_instant_reply_back_until_it_is_off(messenger: Messenger) -> None:
    await messenger.control(f"/pages/{PAGE}/instant-reply", text="Thanks!", app_id=INBOX)
    for _ in range(2):
        await messenger.act("say", text="hello")
        await messenger.control("/clock", advance_seconds=86_400)
        await messenger.settle()
    await messenger.control(f"/pages/{PAGE}/instant-reply", text=None)
    await messenger.act("say", text="hello")
    await messenger.settle()
    echoes = [each for each in of_channel(messenger, "messaging") if each["message"].get("is_echo")]
    assert [each["message"]["app_id"] for each in echoes] == [int(INBOX)] * 2


async def test_a_thread_is_passed_by_whoever_is_named(messenger: Messenger) -> None:
    for previous in (INBOX, None):
        await messenger.control(
            f"/pages/{PAGE}/pass-thread", psid=PSID, app_id=APP, previous_app_id=previous, metadata="please"
        )
    await messenger.settle()
    told = [each["pass_thread_control"] for each in of_channel(messenger, "messaging")]
    assert told == [
        {"previous_owner_app_id": previous, "new_owner_app_id": APP, "metadata": "please"}
        for previous in (INBOX, None)
    ]


async def test_an_event_comes_in_both_channels_in_the_order_that_is_asked_for(messenger: Messenger) -> None:
    for first in ("standby", "messaging"):
        await messenger.control("/faults", kind="delivery_both_channels", first=first, times=1)
        await messenger.act("say", text=first)
    await messenger.settle()
    seen = [
        (channel, event["message"]["text"])
        for entry in entries(messenger)
        for channel in ("standby", "messaging")
        for event in entry.get(channel, [])
    ]
    assert seen == [
        ("standby", "standby"),
        ("messaging", "standby"),
        ("messaging", "messaging"),
        ("standby", "messaging"),
    ]
    mids = {
        event["message"]["mid"]
        for channel in ("standby", "messaging")
        for event in of_channel(messenger, channel)
    }
    assert len(mids) == 2


async def test_fields_of_any_type_are_put_into_an_event(messenger: Messenger) -> None:
    odd = {"message": {"referral": []}, "event": {"hop_context": [{"app_id": 5}]}}
    await messenger.control("/faults", kind="delivery_fields", events=["message"], **odd)
    await messenger.act("say", text="the words")
    await messenger.settle()
    (event,) = of_channel(messenger, "messaging")
    assert event["hop_context"] == [{"app_id": 5}]
    assert (event["message"]["referral"], event["message"]["text"]) == ([], "the words")


async def test_a_file_is_served_under_a_name_that_says_something_else(messenger: Messenger) -> None:
    content = sample_png(3)
    put = await messenger.client.post(
        "/_sandbox/media",
        params={"name": "safe_image.php"},
        content=content,
        headers={"Content-Type": "image/png"},
    )
    address = put.json()["url"]
    assert address.endswith("-safe_image.php")
    got = await messenger.client.get(address, params={"ext": "gif"})
    assert (got.content, got.headers["content-type"]) == (content, "image/png")
