"""Meta's windows, watched from outside: what the API and Meta allow at which second."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from support.travelling import TAGGED, UNTAGGED, TravellingDesk

pytestmark = [pytest.mark.time_skipping, pytest.mark.asyncio(loop_scope="session")]

DAY = timedelta(hours=24)
WEEK = timedelta(days=7)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Answered:
    """An agent's answer to a customer's only message, given within one second that was asked for."""

    conversation_id: str
    opened_at: datetime
    response: httpx.Response


async def answered(desk: TravellingDesk, after: timedelta, page_id: str = UNTAGGED) -> Answered:
    """Answer a new customer so long after the message, or up to a second later.

    Time runs on between arrival and answer. Where a stalled machine has taken more than that second, the
    answer says nothing, and another customer is asked.
    """
    for _ in range(5):
        psid = await desk.customer(page_id)
        conversation_id = await desk.picked(psid, page_id)
        opened_at = datetime.fromisoformat((await desk.window(conversation_id))["opened_at"])
        await desk.travel_to(opened_at + after)
        response = await desk.reply(conversation_id)
        await desk.settled()
        if await desk.now() < opened_at + after + SECOND:
            return Answered(conversation_id, opened_at, response)
    pytest.fail("this machine never answers within a second")


async def sent(desk: TravellingDesk, answer: Answered, rule: str) -> None:
    """The answer has gone out by this rule, and Meta has taken it."""
    assert answer.response.status_code == 201, answer.response.text
    message = await desk.message_with(answer.conversation_id, text="Hello!")
    assert (message["status"], message["allowed_by"]) == ("delivered", rule)


async def opened(desk: TravellingDesk, conversation_id: str) -> tuple[str, datetime]:
    """What has opened the window that holds now, and when."""
    window = await desk.window(conversation_id)
    return window["opened_by"], datetime.fromisoformat(window["opened_at"])


async def may_answer(desk: TravellingDesk, conversation_id: str) -> bool:
    """Whether an agent's answer is sent; if not, the window is the reason."""
    response = await desk.reply(conversation_id)
    await desk.settled()
    if response.status_code == 409:
        assert response.json()["code"] == "human_agent_tag_disabled"
        return False
    message = await desk.message_with(conversation_id, id=response.json()["id"])
    assert message["status"] == "delivered"
    return True


async def test_a_reply_at_23_59_59_is_sent(desk: TravellingDesk) -> None:
    await sent(desk, await answered(desk, DAY - SECOND), "standard_window")


async def test_a_reply_at_24_00_00_is_refused_with_the_window(desk: TravellingDesk) -> None:
    answer = await answered(desk, DAY)
    problem = answer.response.json()
    assert (answer.response.status_code, problem["code"]) == (409, "human_agent_tag_disabled")
    assert problem["window"]["stage"] == "human_agent"
    assert datetime.fromisoformat(problem["window"]["standard_until"]) == answer.opened_at + DAY


@pytest.mark.parametrize("after", [DAY, WEEK - SECOND])
async def test_with_the_human_agent_tag_a_person_may_answer_for_seven_days(
    desk: TravellingDesk, after: timedelta
) -> None:
    await sent(desk, await answered(desk, after, TAGGED), "human_agent_tag")


@pytest.mark.parametrize("after", [WEEK, WEEK + SECOND])
async def test_after_seven_days_the_tag_helps_nobody(desk: TravellingDesk, after: timedelta) -> None:
    answer = await answered(desk, after, TAGGED)
    problem = answer.response.json()
    assert (answer.response.status_code, problem["code"]) == (409, "window_closed")
    assert problem["window"]["stage"] == "closed"
    assert datetime.fromisoformat(problem["window"]["human_agent_until"]) == answer.opened_at + WEEK


async def test_the_tag_is_read_when_a_session_starts(desk: TravellingDesk) -> None:
    conversation_id = await desk.picked(await desk.customer())
    page = f"/v1/pages/{UNTAGGED}"
    (await desk.api.patch(page, json={"human_agent_tag": True})).raise_for_status()
    try:
        await desk.travel(hours=25)
        assert not await may_answer(desk, conversation_id)
        (await desk.act(conversation_id, "close-session")).raise_for_status()
        (await desk.act(conversation_id, "reopen")).raise_for_status()
    finally:
        (await desk.api.patch(page, json={"human_agent_tag": False})).raise_for_status()
    assert await may_answer(desk, conversation_id)


async def test_a_message_at_23_59_extends_the_window(desk: TravellingDesk) -> None:
    psid = await desk.customer()
    conversation_id = await desk.picked(psid)
    await desk.travel(hours=23, minutes=59)
    second = await desk.customer_writes(psid, "still there?")
    assert await opened(desk, conversation_id) == ("message", second)
    await desk.travel(hours=23, minutes=59)
    assert await may_answer(desk, conversation_id)
    await desk.travel(minutes=2)
    assert not await may_answer(desk, conversation_id)


async def test_a_late_webhook_of_an_old_message_opens_nothing(desk: TravellingDesk) -> None:
    psid = await desk.customer()
    await desk.steer("hold", page_id=UNTAGGED)
    sent_at = await desk.customer_writes(psid)
    await desk.travel(hours=25)
    await desk.steer("release")
    await desk.settled()
    conversation_id = (await desk.conversation_of(psid))["id"]
    assert await opened(desk, conversation_id) == ("message", sent_at)
    (await desk.act(conversation_id, "pick")).raise_for_status()
    assert not await may_answer(desk, conversation_id)
    assert [m for m in await desk.messages(conversation_id) if m["kind"] == "greeting"] == []
    timeline = (await desk.api.get(f"/v1/conversations/{conversation_id}/timeline")).json()["items"]
    (greeting,) = [each["data"] for each in timeline if each["kind"] == "message.not_allowed"]
    assert (greeting["trigger"], greeting["code"]) == ("greeting", "automated_message_outside_window")


async def test_a_late_webhook_of_an_old_message_shortens_nothing(desk: TravellingDesk) -> None:
    psid = await desk.customer()
    conversation_id = await desk.picked(psid)
    await desk.steer("hold", page_id=UNTAGGED)
    await desk.customer_writes(psid, "the older one")
    await desk.travel(hours=2)
    newer = await desk.customer_writes(psid, "the newer one")
    await desk.steer("release", order="reversed")
    await desk.settled()
    received = [m["text"] for m in await desk.messages(conversation_id) if m["direction"] == "inbound"]
    assert sorted(received) == ["hello", "the newer one", "the older one"]
    assert await opened(desk, conversation_id) == ("message", newer)


@pytest.mark.parametrize(
    ("action", "body", "kind"),
    [
        ("react", {"reaction": "love"}, "reaction"),
        ("postback", {"payload": "TRACK", "title": "Track my order"}, "postback"),
        ("referral", {"ref": "spring", "source": "SHORTLINK"}, "m_me_link"),
    ],
)
async def test_what_a_customer_does_opens_the_window_again(
    desk: TravellingDesk, action: str, body: dict[str, str], kind: str
) -> None:
    psid = await desk.customer()
    conversation_id = await desk.picked(psid)
    (greeting,) = [m for m in await desk.messages(conversation_id) if m["sender_kind"] == "automatic"]
    await desk.travel(hours=25)
    before = await desk.now()
    await desk.customer_does(psid, action, **body | ({"mid": greeting["mid"]} if kind == "reaction" else {}))
    opened_by, opened_at = await opened(desk, conversation_id)
    assert opened_by == kind
    assert before <= opened_at <= await desk.now()
    assert await may_answer(desk, conversation_id)
    await desk.travel(hours=24)
    assert not await may_answer(desk, conversation_id)


async def test_what_opens_nothing_leaves_the_window_closed(desk: TravellingDesk) -> None:
    psid = await desk.customer()
    conversation_id = await desk.picked(psid)
    (greeting,) = [m for m in await desk.messages(conversation_id) if m["sender_kind"] == "automatic"]
    await desk.customer_does(psid, "react", mid=greeting["mid"])
    first = await opened(desk, conversation_id)
    await desk.travel(hours=25)
    await desk.customer_does(psid, "react", mid=greeting["mid"], action="unreact")
    await desk.customer_does(psid, "read")
    await desk.customer_does(psid, "referral", ref="sale", source="ADS", ad_id="1202")
    assert await opened(desk, conversation_id) == first
    assert not await may_answer(desk, conversation_id)


async def test_an_ad_click_opens_the_window_with_the_message_after_it(desk: TravellingDesk) -> None:
    psid = await desk.customer()
    conversation_id = await desk.picked(psid)
    await desk.travel(hours=25)
    await desk.customer_does(psid, "referral", ref="sale", source="ADS", ad_id="1202")
    assert not await may_answer(desk, conversation_id)
    at = await desk.customer_writes(psid, "I saw your ad")
    assert (await opened(desk, conversation_id))[1] == at
    assert await may_answer(desk, conversation_id)


async def test_a_window_over_the_end_of_a_month_has_24_hours(desk: TravellingDesk) -> None:
    now = await desk.now()
    first_of_next = (now.replace(day=1) + timedelta(days=32)).replace(day=1, hour=0, minute=0, second=0)
    await desk.travel_to(first_of_next - timedelta(hours=12))
    await has_24_hours(desk)


async def test_a_window_over_the_change_to_summer_time_has_24_hours(
    desk: TravellingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        await desk.travel_to(next_change_to_summer_time(await desk.now()) - timedelta(hours=12))
        await has_24_hours(desk)
    finally:
        monkeypatch.undo()
        time.tzset()


def next_change_to_summer_time(now: datetime) -> datetime:
    """In Europe: the last Sunday of March, at 01:00 UTC."""
    for year in (now.year, now.year + 1):
        last = datetime(year, 3, 31, 1, tzinfo=UTC)
        change = last - timedelta(days=(last.weekday() + 1) % 7)
        if change - DAY > now:
            return change
    raise AssertionError(now)


async def has_24_hours(desk: TravellingDesk) -> None:
    """A window that opens now closes 24 hours from now, to the second."""
    await sent(desk, await answered(desk, DAY - SECOND), "standard_window")
    answer = await answered(desk, DAY)
    assert answer.response.json()["code"] == "human_agent_tag_disabled"
