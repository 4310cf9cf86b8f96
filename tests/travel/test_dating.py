"""A journey dates everything that happens on its way at its own instant."""

import asyncio
import itertools
import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import Session, select

from store.tables import InboxEvent
from support.travelling import TAGGED, UNTAGGED, TravellingDesk

pytestmark = [pytest.mark.time_skipping, pytest.mark.asyncio(loop_scope="session")]

SECOND = timedelta(seconds=1)
MOMENT = timedelta(seconds=5)
"""What a loaded machine may take for something that is done at once; the timers lie further apart."""
WAITS = [timedelta(seconds=2**n) for n in range(1, 6)]
"""Before each new try to send what Meta will not take now."""


async def limit(desk: TravellingDesk, per_second: int) -> None:
    """How many texts a second Meta takes from a page."""
    limits = {"limits": {"text_per_second": per_second}}
    (await desk.meta.post("/_sandbox/settings", json=limits)).raise_for_status()


async def throttled(desk: TravellingDesk, psid: str, text: str, page_id: str = UNTAGGED) -> dict[str, Any]:
    """An answer that Meta does not take before the limit is lifted."""
    conversation_id = await desk.picked(psid, page_id)
    await limit(desk, 0)
    message = (await desk.reply(conversation_id, text)).raise_for_status().json()
    await desk.settled()
    return {"conversation_id": conversation_id, "id": message["id"]}


async def attempts(desk: TravellingDesk, psid: str, text: str) -> list[datetime]:
    """When the sandbox was asked to send a text."""
    ledger = (await desk.meta.get("/_sandbox/ledger", params={"name": "graph", "limit": 100_000})).json()
    return [
        datetime.fromtimestamp(line["sandbox_ms"] / 1000, (await desk.now()).tzinfo)
        for line in ledger["lines"]
        if line["line"] == "request" and (line.get("recipient"), line.get("text")) == (psid, text)
    ]


async def test_every_try_of_a_throttled_send_comes_at_its_time(desk: TravellingDesk) -> None:
    psid = await desk.customer()
    await throttled(desk, psid, "at last")
    await desk.travel(minutes=1)
    await limit(desk, 1000)
    await desk.travel(minutes=10)
    tries = await attempts(desk, psid, "at last")
    assert len(tries) == 1 + len(WAITS)
    for (before, after), wait in zip(itertools.pairwise(tries), WAITS, strict=True):
        assert wait <= after - before < wait + MOMENT / 2


async def test_what_a_send_causes_is_received_before_the_next_timer_fires(
    desk: TravellingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = desk.world.http.post

    async def slow_post(*args: Any, **more: Any) -> httpx.Response:
        await asyncio.sleep(0.3)  # much longer than Temporal needs to come to its next timer
        return await post(*args, **more)

    monkeypatch.setattr(desk.world.http, "post", slow_post)
    pages = {"answer 1": UNTAGGED, "answer 2": TAGGED}  # a page that is throttled waits as a whole
    texts = list(pages)
    psids = {text: await desk.customer(page_id) for text, page_id in pages.items()}
    for text, page_id in pages.items():
        await limit(desk, 1000)
        await throttled(desk, psids[text], text, page_id)
        await desk.travel(seconds=20)
    await limit(desk, 1000)
    await desk.travel(minutes=10)
    sent = {text: (await attempts(desk, psids[text], text))[-1] for text in texts}
    assert min(abs(a - b) for a in sent.values() for b in sent.values() if a != b) > MOMENT
    received = await desk.inbox.read(_echoes)
    for text in texts:
        assert sent[text] <= received[text] < sent[text] + MOMENT


async def test_a_delivery_that_meta_repeats_later_comes_at_its_time(desk: TravellingDesk) -> None:
    psid = await desk.customer()
    await desk.picked(psid)
    await desk.steer("delay", seconds=3 * 3600)
    try:
        at = await desk.customer_writes(psid, "slow on its way")
        await desk.travel(hours=5)
    finally:
        await desk.steer("delay", seconds=0)
    (message,) = [
        each
        for each in await desk.messages((await desk.conversation_of(psid))["id"])
        if each["text"] == "slow on its way"
    ]
    assert datetime.fromisoformat(message["occurred_at"]) == at
    late = datetime.fromisoformat(message["received_at"]) - at
    assert timedelta(hours=3) <= late < timedelta(hours=3) + MOMENT


async def test_conversations_end_at_their_own_deadlines_on_one_journey(desk: TravellingDesk) -> None:
    ends = {"end": timedelta(days=1), "close-session": timedelta(days=28), None: timedelta(days=30)}
    begun = {}
    for action in ends:
        conversation_id = await desk.picked(await desk.customer())
        if action is not None:
            (await desk.act(conversation_id, action)).raise_for_status()
        begun[action] = await _conversation(desk, conversation_id)
    await desk.travel(days=31)
    for action, length in ends.items():
        before = begun[action]
        after = await _conversation(desk, before["id"])
        changed = max(before["status_changed_at"], before["last_message_at"])
        assert after["status"] == "closed"
        assert (
            abs(datetime.fromisoformat(after["closed_at"]) - datetime.fromisoformat(changed) - length)
            < SECOND
        )


async def test_agents_at_work_during_a_journey_see_one_time(desk: TravellingDesk) -> None:
    """Whoever asks while time skips gets an instant that never lies before an earlier one."""
    conversation_id = await desk.picked(await desk.customer())
    journey = asyncio.create_task(desk.travel(days=20))
    seen = []
    while not journey.done():
        (await desk.act(conversation_id, "close-session")).raise_for_status()
        (await desk.act(conversation_id, "reopen")).raise_for_status()
        seen.append((await _conversation(desk, conversation_id))["status_changed_at"])
    await journey
    assert seen == sorted(seen)
    await desk.settled()
    last = (await _conversation(desk, conversation_id))["status_changed_at"]
    assert datetime.fromisoformat(last) <= await desk.now()


async def _conversation(desk: TravellingDesk, conversation_id: str) -> dict[str, Any]:
    answer = await desk.api.get(f"/v1/conversations/{conversation_id}")
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def _echoes(session: Session) -> dict[str, datetime]:
    """When the echo of each text was received."""
    rows = session.exec(select(InboxEvent))
    found = {}
    for row in rows:
        message = json.loads(row.raw).get("message", {})
        if message.get("is_echo"):
            found[message["text"]] = datetime.fromtimestamp(row.received_ms / 1000).astimezone()
    return found
