"""An event that comes again with another content raises one alarm, however often and whenever."""

import json
from datetime import timedelta

from freezegun import freeze_time

from base import clock
from ingest.events.conflicts import CHECK_INTERVAL, ConflictWatch
from ingest.inbox.reader import InboxReader
from store.events.events import CONFLICTING_REPEAT
from store.inbox.inbox_events import BATCH
from store.tables import Event
from support.intake import Intake
from support.store import PAGE_A, payload, rows


def body(text: str, mid: str = "m_1") -> bytes:
    delivery = payload("text_single.json")
    delivery["entry"][0]["messaging"][0]["message"] |= {"mid": mid, "text": text}
    return json.dumps(delivery).encode()


def watch(intake: Intake) -> ConflictWatch:
    return ConflictWatch(intake.store, InboxReader(intake.inbox_store))


async def alarms(intake: Intake) -> list[Event]:
    return [event for event in await rows(intake.store, Event) if event.kind == CONFLICTING_REPEAT]


async def test_another_content_is_one_alarm_that_names_event_and_page(intake: Intake) -> None:
    await intake.receive(body("first"))
    await intake.receive(body("second"))
    await watch(intake).check()
    (alarm,) = await alarms(intake)
    (event,) = await intake.events()
    assert (alarm.page_id, alarm.data) == (PAGE_A, {"inbox_id": event.id, "kind": "message"})
    assert event.conflict_ms is not None
    assert alarm.at == clock.from_milliseconds(event.conflict_ms)


async def test_the_same_content_is_none(intake: Intake) -> None:
    for _ in range(3):
        await intake.receive(body("first"))
    await watch(intake).check()
    assert await alarms(intake) == []


async def test_it_stays_one_after_more_repeats_and_a_new_start(intake: Intake) -> None:
    await intake.receive(body("first"))
    for text in ("second", "third"):
        await intake.receive(body(text))
        await watch(intake).check()
    assert len(await alarms(intake)) == 1


async def test_it_looks_at_most_every_ten_seconds_and_finds_what_came_meanwhile(intake: Intake) -> None:
    with freeze_time("2026-11-20T10:00:00Z") as now:
        one = watch(intake)
        await one.check()
        await intake.receive(body("first"))
        await intake.receive(body("second"))
        now.tick(CHECK_INTERVAL - timedelta(milliseconds=1))
        await one.check()
        assert await alarms(intake) == []
        now.tick(timedelta(milliseconds=1))
        await one.check()
        assert len(await alarms(intake)) == 1


async def test_more_than_one_reading_of_them_are_all_told(intake: Intake) -> None:
    count = BATCH + 1
    for number in range(count):
        await intake.receive(body("first", f"m_{number}"))
        await intake.receive(body("second", f"m_{number}"))
    await watch(intake).check()
    assert len(await alarms(intake)) == count
