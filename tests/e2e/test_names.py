"""Customers' names, from Meta to the first greeting: broken texts and refused profiles stop nobody."""

from typing import Any

import pytest

from support.eventually import eventually
from support.store import PAGE_A
from support.whole import Whole

pytestmark = pytest.mark.dev_server


async def greet(whole: Whole, texts: dict[str, str]) -> None:
    body = {"active": True, "texts": texts}
    answer = await whole.api.put("/v1/automated-messages/greeting", json=body)
    assert answer.status_code == 200, answer.text


async def greeting_of(whole: Whole, psid: str) -> str:
    """What the customer was greeted with, as Messenger shows it."""

    async def look() -> list[str]:
        thread = (await whole.meta.get(f"/_sandbox/threads/{PAGE_A}/{psid}")).json()
        return [each["text"] for each in thread["messages"] if each["from_page"]]

    return (await eventually(look))[0]


async def control(whole: Whole, path: str, **body: Any) -> None:
    answer = await whole.meta.post(f"/_sandbox{path}", json=body)
    assert answer.status_code == 200, answer.text


async def test_the_first_greeting_has_the_customers_name(whole: Whole) -> None:
    await greet(whole, {"en": "Hello {CustomerName|there}!"})
    psid = await whole.customer(name="Ada Byron")
    await whole.says(psid)
    assert await greeting_of(whole, psid) == "Hello Ada Byron!"
    conversation = await whole.conversation_of(psid)
    shown = await whole.message_with(conversation["id"], sender_kind="automatic", status="delivered")
    assert (shown["text"], shown["reason"]) == ("Hello Ada Byron!", None)


async def test_the_first_greeting_is_in_the_customers_language(whole: Whole) -> None:
    await greet(whole, {"en": "Hello!", "de": "Hallo!"})
    psid = await whole.customer(name="Ada")
    await control(whole, "/customers", page_id=PAGE_A, psid=psid, locale="de_DE")
    await whole.says(psid)
    assert await greeting_of(whole, psid) == "Hallo!"


async def test_a_profile_that_meta_never_answers_delays_a_greeting_for_a_moment_alone(whole: Whole) -> None:
    await greet(whole, {"en": "Hello {CustomerName}!"})
    await control(whole, "/faults", kind="hang", calls=["profile"], seconds=30)
    psid = await whole.customer(name="Ada")
    await whole.says(psid)
    assert await greeting_of(whole, psid) == "Hello!"


async def test_a_refused_person_and_a_broken_name_stop_nobody(whole: Whole) -> None:
    await greet(whole, {"en": "Hello {CustomerName|there}!"})
    hidden, broken, well = [await whole.customer(name=name) for name in ("Hid", "Zo Example", "Bela Example")]
    await control(whole, "/customers", page_id=PAGE_A, psid=hidden, hidden_profile=True)
    await control(whole, "/faults", kind="broken_text", calls=["profile"], recipient=broken)
    said = []
    for psid in (hidden, broken, well):
        await whole.says(psid)
        said.append(await greeting_of(whole, psid))
    assert said == ["Hello there!", "Hello Zo Example\ufffd!", "Hello Bela Example!"]
