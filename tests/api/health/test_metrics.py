"""`/metrics`: what an operator asks, to the right keys, and nothing of a customer's."""

from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.health import desk_metrics
from base import clock
from store.db.database import Database
from store.tables import InboxEvent, ThreadEvent
from support.api import NOW, Api, Seed


@pytest.fixture(autouse=True)
def _always_look_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_metrics, "_FRESH_SECONDS", -1.0)
    monkeypatch.setattr(clock, "now", lambda: NOW)


async def _numbers(api: Api) -> dict[tuple[str, str], float]:
    """Every sample by its name and its labels' values."""
    answer = await api.admin.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_an_idle_desk_has_no_lag(api: Api) -> None:
    numbers = await _numbers(api)
    assert numbers["pagedesk_inbox_lag_seconds", ""] == 0
    assert numbers["pagedesk_untold_lag_seconds", ""] == 0
    assert numbers["pagedesk_untold_events", ""] == 0
    assert numbers["pagedesk_messages", "unknown"] == 0
    assert numbers["process_open_fds", ""] > 0


async def test_what_waits_is_counted_with_its_age(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    await seed.message(
        thread,
        "Hello!",
        direction="outbound",
        sender_kind="agent",
        status="sending",
        created_at=NOW - timedelta(seconds=90),
    )
    await seed.add(
        ThreadEvent(customer_id=thread.customer_id, seq=1, inbox_id=1, kind="message", route="work")
    )
    received_ms = int((NOW - timedelta(seconds=40)).timestamp() * 1000)
    received = InboxEvent(
        id=1,
        account_id="a",
        page_id=thread.page_id,
        event_key="k",
        partition=0,
        channel="messaging",
        kind="message",
        received_ms=received_ms,
        digest=b"",
        raw=b"{}",
    )
    inbox = Database(api.settings.inbox_url)
    await inbox.write(lambda session: session.add(received))
    inbox.close()
    numbers = await _numbers(api)
    assert numbers["pagedesk_inbox_lag_seconds", ""] == 40
    assert (numbers["pagedesk_untold_events", ""], numbers["pagedesk_untold_lag_seconds", ""]) == (1, 40)
    assert numbers["pagedesk_messages", "sending"] == 1
    assert numbers["pagedesk_oldest_message_seconds", "sending"] == 90
    assert numbers["pagedesk_pages", "open,Provisioning"] == 1


async def test_requests_are_counted_by_route_and_not_by_what_a_stranger_chose(api: Api) -> None:
    before = await _numbers(api)
    client = api.client()
    await client.get("/v1/conversations/an-id")
    await client.request("INVENTED", "/an/invented/path")
    after = await _numbers(api)
    grown = {
        labels
        for (name, labels), value in after.items()
        if name == "pagedesk_request_seconds_count" and value > before.get((name, labels), 0)
    }
    assert {"GET,/v1/conversations/{conversation_id},401", "other,none,404"} <= grown
    assert not any("invented" in labels.lower() or "an-id" in labels for _, labels in after)


async def test_the_database_is_asked_at_most_every_few_seconds(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_metrics, "_FRESH_SECONDS", 60.0)
    await _numbers(api)
    admin = api.admin
    with api.counted_statements() as statements:
        for _ in range(5):
            await admin.get("/metrics")
    assert not [statement for statement in statements if "thread_event" in statement]


async def test_messages_that_ended_are_not_counted(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    for status in ("sent", "failed", "cancelled"):
        await seed.message(thread, "Hello!", direction="outbound", sender_kind="agent", status=status)
    numbers = await _numbers(api)
    assert {value for (name, _), value in numbers.items() if name == "pagedesk_messages"} == {0}


async def test_the_wait_for_the_store_is_told_by_lane(api: Api) -> None:
    before = await _numbers(api)
    await api.database.write(lambda _: None)
    after = await _numbers(api)
    name = "pagedesk_store_wait_seconds_count"
    assert after[name, "first"] > before[name, "first"]
    assert after[name, "usual"] > before[name, "usual"]
    assert after[name, "write"] == before[name, "write"] + 1
