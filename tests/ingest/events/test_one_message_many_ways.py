"""One message for each of Meta's ids, and work if any delivery of it is work: in whatever order they come."""

import itertools
import json
from collections.abc import Sequence
from typing import Any

import pytest
from sqlmodel import Session

from domain.conversations.state import ThreadEvent, ThreadEventKind
from store.search import texts as search_texts
from store.tables import Message, Opening, Thread
from support.intake import Intake
from support.store import PAGE_A, rows

AT_MS = 1795166112000
TEXT, TITLE, PAYLOAD = "What are your opening hours?", "Opening hours?", "HOURS"
BOT, INBOX, OURS = "2045518837702214", "263902037430900", "1187452390011223"
WORK = (ThreadEventKind.MESSAGE, ThreadEventKind.POSTBACK, ThreadEventKind.HANDED_OVER)


def message(mid: str = "m_one", text: str = TEXT) -> dict[str, Any]:
    return {"message": {"mid": mid, "text": text}}


def postback(mid: str = "m_one") -> dict[str, Any]:
    return {"postback": {"mid": mid, "title": TITLE, "payload": PAYLOAD}}


def delivery(channel: str, psid: str, event: dict[str, Any], at_ms: int = AT_MS) -> bytes:
    fields = {"sender": {"id": psid}, "recipient": {"id": PAGE_A}, "timestamp": at_ms, **event}
    return json.dumps(
        {"object": "page", "entry": [{"id": PAGE_A, "time": at_ms, channel: [fields]}]}
    ).encode()


def bot_says(psid: str, at_ms: int) -> bytes:
    said = {"message": {"mid": f"m_bot_{psid}", "is_echo": True, "app_id": int(BOT), "text": "One moment."}}
    parties = {"sender": {"id": PAGE_A}, "recipient": {"id": psid}}
    return delivery("standby", psid, said | parties, at_ms)


def handover(psid: str, at_ms: int, previous: str | None = BOT, new: Any = OURS) -> bytes:
    control = {"previous_owner_app_id": previous, "new_owner_app_id": new, "metadata": "billing"}
    return delivery("messaging", psid, {"pass_thread_control": control}, at_ms)


async def told(intake: Intake, bodies: Sequence[bytes], *, together: bool) -> list[ThreadEvent]:
    """What a thread's conversation is told; the deliveries are routed together or one by one."""
    events: list[ThreadEvent] = []
    for body in bodies:
        await intake.receive(body, received_ms=AT_MS + 60_000)
        if not together:
            events += [event for thread in (await intake.route_new()).threads for event in thread.events]
    if together:
        events = [event for thread in (await intake.route_new()).threads for event in thread.events]
    known = {row.id for row in await rows(intake.store, Message)}
    assert {event.message_id for event in events if event.message_id} <= known, "none of a row that is not"
    return events


@pytest.mark.parametrize("together", [False, True])
async def test_a_message_and_its_tap_in_two_channels_are_one_message_in_any_order(
    intake: Intake, *, together: bool
) -> None:
    forms = [("standby", message), ("messaging", message), ("standby", postback), ("messaging", postback)]
    orders = [order for count in (1, 2, 3, 4) for order in itertools.permutations(forms, count)]
    for number, order in enumerate(orders):
        psid, mid = f"7{number:012}", f"m_{number}"
        bodies = [delivery(channel, psid, form(mid)) for channel, form in order]
        events = await told(intake, [*bodies, *reversed(bodies)], together=together)

        row = next(row for row in await rows(intake.store, Message) if row.mid == mid)
        taps = any(form is postback for _, form in order)
        writes = any(form is message for _, form in order)
        assert row.text == (TEXT if writes else TITLE), order
        assert row.quick_reply_payload == (PAYLOAD if taps else None), order
        assert row.kind == ("postback" if taps else "message"), order
        ours = any(channel == "messaging" for channel, _ in order)
        assert row.standby is not ours, order
        assert sum(event.opens_work for event in events) == int(ours), order
        assert {event.message_id for event in events} == {row.id}, order
    assert len(await rows(intake.store, Message)) == len(orders), "one row for each mid"
    openings = await rows(intake.store, Opening)
    assert {each.at for each in openings} == {openings[0].at}, "the window counts from the one instant"


async def test_the_words_that_came_second_are_found(intake: Intake) -> None:
    for body in (delivery("messaging", "71", postback()), delivery("messaging", "71", message())):
        await told(intake, [body], together=False)
    (row,) = await rows(intake.store, Message)

    def found(session: Session) -> list[str]:
        statement = search_texts.found(session, search_texts.Kind.MESSAGE, "your")
        return [] if statement is None else list(session.scalars(statement))

    assert await intake.store.read(found) == [row.id]


async def test_the_channel_that_came_last_of_one_message_does_not_say_who_has_the_thread(
    intake: Intake,
) -> None:
    for psid, order in (("71", ("messaging", "standby")), ("72", ("standby", "messaging"))):
        bodies = [delivery(channel, psid, message(f"m_{psid}")) for channel in order]
        await told(intake, bodies, together=False)
    assert {thread.owner for thread in await rows(intake.store, Thread)} == {"unknown"}


async def test_an_id_that_another_persons_message_has_loses_no_words(intake: Intake) -> None:
    await told(intake, [delivery("messaging", "71", message("m_same"))], together=False)
    stolen = delivery("messaging", "72", {"postback": {"mid": "m_same", "title": "Mine", "payload": "P"}})
    events = await told(intake, [stolen], together=False)
    found = {row.text: row.mid for row in await rows(intake.store, Message)}
    assert found == {TEXT: "m_same", "Mine": None}
    assert [event.kind for event in events] == [ThreadEventKind.POSTBACK]


async def test_what_was_taken_back_does_not_return_with_the_other_channel(intake: Intake) -> None:
    deleted = {"message": {"mid": "m_one", "is_deleted": True}}
    bodies = [
        delivery("standby", "71", message()),
        delivery("standby", "71", deleted, AT_MS + 1000),
        delivery("messaging", "71", message()),
        delivery("messaging", "71", postback()),
    ]
    await told(intake, bodies, together=False)
    (row,) = await rows(intake.store, Message)
    assert (row.text, row.quick_reply_payload) == (None, None)
    assert row.deleted_at is not None


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("previous", [BOT, INBOX, None], ids=["bot", "page inbox", "idle"])
async def test_a_thread_that_is_handed_to_us_is_work_whichever_event_comes_first(
    intake: Intake, previous: str | None, *, together: bool
) -> None:
    for number, order in enumerate(itertools.permutations(range(3))):
        psid = f"7{number:012}"
        bodies = (
            delivery("standby", psid, message(f"m_{number}", "I want a person"), AT_MS),
            bot_says(psid, AT_MS + 1000),
            handover(psid, AT_MS + 2000, previous),
        )
        events = await told(intake, [bodies[index] for index in order], together=together)
        work = [event for event in events if event.opens_work]
        row = next(row for row in await rows(intake.store, Message) if row.mid == f"m_{number}")
        assert [event.message_id for event in work] == [row.id], order
        thread = next(
            each for each in await rows(intake.store, Thread) if each.customer_id == row.customer_id
        )
        assert thread.owner == "us", order


@pytest.mark.parametrize(
    "bodies",
    [
        [handover("71", AT_MS)],
        [delivery("messaging", "71", message()), handover("71", AT_MS + 1000)],
        [delivery("standby", "71", message()), handover("71", AT_MS + 1000, new=BOT)],
        [delivery("standby", "71", message()), handover("71", AT_MS + 1000, new=None)],
        [delivery("standby", "71", message()), delivery("messaging", "71", message()), handover("71", AT_MS)],
    ],
    ids=["nothing was said", "it was said to us", "to another app", "to nobody", "it was told us already"],
)
async def test_a_handover_is_no_work_where_nobody_waits_for_us(intake: Intake, bodies: list[bytes]) -> None:
    events = await told(intake, bodies, together=False)
    assert [event for event in events if event.kind is ThreadEventKind.HANDED_OVER] == []


async def test_an_app_id_as_a_number_is_ours_too(intake: Intake) -> None:
    bodies = [delivery("standby", "71", message()), handover("71", AT_MS + 1000, new=int(OURS))]
    events = await told(intake, bodies, together=False)
    assert [event.kind for event in events][-1] is ThreadEventKind.HANDED_OVER


async def test_files_of_a_message_in_two_channels_are_fetched_once(intake: Intake) -> None:
    picture = {
        "message": {
            "mid": "m_pic",
            "attachments": [
                {"type": "image", "payload": {"url": "https://scontent.xx.fbcdn.net/v/a.jpg"}},
            ],
        }
    }
    bodies = [delivery(channel, "71", picture) for channel in ("standby", "messaging")]
    events = await told(intake, bodies, together=False)
    (row,) = await rows(intake.store, Message)
    assert [each["type"] for each in row.attachments] == ["image"]
    # The page takes no files: the customer hears of it once it is our turn to speak.
    assert [event.refused_files for event in events] == [None, "unsupported_message"]
