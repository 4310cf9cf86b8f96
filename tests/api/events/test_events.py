"""The event stream: whole, in order, resumable, and closed to those who may no longer listen."""

import asyncio
import contextlib
import dataclasses
from collections import Counter

import pytest
from sqlalchemy import delete
from sqlmodel import col
from starlette.types import Message

from api.app import PERMISSIONS
from api.events import event_hub
from api.events import stream as event_stream
from api.events.access import SHOWN_BY
from api.events.frames import render_event
from api.events.position import write_id
from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from store.db.database import Database
from store.events.events import append_events, event_row
from store.installation.backups import begin_restored
from store.installation.installation import claim_event_log_id
from store.tables import Event
from support.api import ADMIN_TOKEN, NOW, Api, Seed
from support.eventually import eventually
from support.streams import Stream, listening


async def _happen(
    api: Api, *kinds: str, conversation_id: str | None = None, page_id: str | None = None
) -> None:
    rows = [
        event_row(
            Fact(FactKind.PAGE_ALARM, NOW, ActorKind.SYSTEM, None, conversation_id), page_id, None, None
        )
        | {"kind": kind}
        for kind in kinds
    ]
    await api.database.write(lambda s: append_events(s, rows))


async def test_what_happens_arrives_in_order(api: Api) -> None:
    await _happen(api, "before")
    async with listening(api) as stream:
        assert stream.status == 200
        await _happen(api, "one", "two")
        await _happen(api, "three")
        events = await stream.has(3)
    assert [event["event"] for event in events] == ["one", "two", "three"]
    numbers = [event["data"]["id"] for event in events]
    assert numbers == sorted(numbers)
    assert len({event["id"] for event in events}) == 3
    assert events[0]["data"] == {
        "id": numbers[0],
        "at": "2026-11-20T12:00:00Z",
        "kind": "one",
        "page_id": None,
        "customer_id": None,
        "conversation_id": None,
        "message_id": None,
        "actor_kind": "system",
        "actor_id": None,
        "data": {},
    }


@pytest.mark.parametrize("how", ["header", "query"])
async def test_a_reader_who_was_cut_off_misses_nothing(api: Api, how: str) -> None:
    async with listening(api) as stream:
        await _happen(api, "one")
        await stream.has(1)
        position = stream.position if how == "header" else stream.events[-1]["data"]["id"]
    await _happen(api, *(f"missed {number}" for number in range(1200)))
    headers = {"last-event-id": str(position)} if how == "header" else {}
    async with listening(api, "" if headers else f"after={position}", headers=headers) as resumed:
        await _happen(api, "live")
        events = await resumed.has(1201)
    assert [event["event"] for event in events] == [*(f"missed {n}" for n in range(1200)), "live"]


async def test_streams_are_narrowed_and_still_move_on(
    api: Api, seed: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "PING_SECONDS", 0.05)
    thread = await seed.conversation()
    async with (
        listening(api, f"conversation_id={thread.conversation_id}") as mine,
        listening(api, "page_id=404") as nobodys,
        listening(api) as everybodys,
    ):
        await _happen(api, "elsewhere")
        await _happen(api, "here", conversation_id=thread.conversation_id, page_id=thread.page_id)
        await everybodys.has(2)
        assert [event["event"] for event in await mine.has(1)] == ["here"]

        async def moved_on() -> bool:
            return nobodys.position == everybodys.position

        await eventually(moved_on)
        assert nobodys.events == []


async def test_a_stream_of_some_kinds_tells_no_others(api: Api) -> None:
    query = "kind=page.alarm&kind=message.queued"
    async with listening(api, query) as live:
        await _happen(api, "page.alarm", "page.alarm_ended", "conversation.opened", "message.queued")
        assert [event["event"] for event in await live.has(2)] == ["page.alarm", "message.queued"]
    async with listening(api, f"{query}&after=0") as late:
        assert [event["event"] for event in await late.has(2)] == ["page.alarm", "message.queued"]


async def test_agents_hear_what_is_told_of_themselves_and_not_of_others(api: Api) -> None:
    (mia, client), (tom, _) = await api.somebody("agent", "Mia"), await api.somebody("agent", "Tom")
    rows = [
        event_row(Fact(kind, NOW, ActorKind.SYSTEM, data={"agent_id": agent_id}), None, None, None)
        for agent_id in (tom, mia)
        for kind in (FactKind.AGENT_PRESENCE_CHANGED, FactKind.AGENT_ABSENT)
    ]
    async with listening(api, token=client.headers["authorization"].removeprefix("Bearer ")) as stream:
        await api.database.write(lambda s: append_events(s, rows))
        told = [(each["event"], each["data"]["data"]["agent_id"]) for each in await stream.has(2)]
    assert told == [("agent.presence_changed", mia), ("agent.absent", mia)]


async def test_two_hundred_writers_and_a_late_reader_agree(api: Api) -> None:
    async with listening(api) as early:
        await asyncio.gather(*(_happen(api, f"event {number}") for number in range(200)))
        await early.has(200)
        async with listening(api, "after=0") as late:
            await late.has(200)
    assert [event["id"] for event in late.events] == [event["id"] for event in early.events]
    assert len({event["event"] for event in early.events}) == 200


async def test_a_quiet_stream_is_kept_open(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "PING_SECONDS", 0.02)
    async with listening(api) as stream:

        async def beaten() -> bool:
            return len(stream.told("ping")) >= 3

        await eventually(beaten)
        assert stream.events == []
        hello, ping, *_ = stream.blocks
    assert hello["event"] == "hello"
    assert hello["data"]["ping_seconds"] == 0.02
    assert {*ping} == {"event", "data", "id"}
    assert {*ping["data"]} == {"server_time"}
    assert ping["id"] == hello["id"]


@pytest.mark.parametrize("how", ["sign out", "deactivate", "revoke", "another role"])
async def test_who_may_no_longer_listen_hears_nothing_that_happens_afterwards(api: Api, how: str) -> None:
    agent_id, client = await api.somebody("supervisor")
    token = client.headers["Authorization"].removeprefix("Bearer ")
    if how == "sign out":
        login = {"email": "ada@example.org", "password": "correct horse battery"}
        await api.admin.patch(f"/v1/agents/{agent_id}", json=login)
        token = (await api.client().post("/v1/sign-in", json=login)).json()["token"]
    async with listening(api, token=token) as stream, listening(api) as other:
        await _happen(api, "page.before")
        await stream.has(1)
        if how == "sign out":
            await api.client(token).post("/v1/sign-out")
        elif how == "deactivate":
            await api.admin.patch(f"/v1/agents/{agent_id}", json={"active": False})
        elif how == "another role":
            await api.admin.patch(f"/v1/agents/{agent_id}", json={"role": "agent"})
        else:
            (key,) = (await api.admin.get(f"/v1/agents/{agent_id}/keys")).json()["items"]
            await api.admin.delete(f"/v1/agents/{agent_id}/keys/{key['id']}")
        await _happen(api, "page.secret")

        async def is_over() -> bool:
            return stream.ended

        await eventually(is_over, within=4)
        assert "page.secret" not in stream.text
        assert stream.blocks[-1]["event"] == "goodbye"
        reason = "rights_changed" if how == "another role" else "access_ended"
        assert stream.blocks[-1]["data"] == {"reason": reason}

        async def told() -> bool:
            return "page.secret" in other.text

        await eventually(told)


_OF_LEADERS = ["account.changed", "agent.changed", "erasure.requested", "survey.answered"]
_OF_ADMINS = ["key.created", "webhook.conflicting_repeat", "event.quarantined", "something.new"]
_OF_ALL = ["conversation.opened", "message.queued", "page.alarm", "customer.erased", "command.refused"]


@pytest.mark.parametrize(
    ("role", "heard"),
    [
        ("agent", _OF_ALL),
        ("machine", _OF_ALL),
        ("supervisor", [*_OF_LEADERS, *_OF_ALL]),
        ("admin", [*_OF_ADMINS, *_OF_LEADERS, *_OF_ALL]),
    ],
)
async def test_the_stream_and_the_timeline_tell_what_one_may_read(
    api: Api, seed: Seed, role: str, heard: list[str]
) -> None:
    conversation_id = (await seed.conversation()).conversation_id
    _, client = await api.somebody(role)
    token = client.headers["Authorization"].removeprefix("Bearer ")
    async with listening(api, token=token) as live:
        await _happen(api, *_OF_ADMINS, *_OF_LEADERS, *_OF_ALL, conversation_id=conversation_id)
        assert [event["event"] for event in await live.has(len(heard))] == heard
    async with listening(api, f"after=0&conversation_id={conversation_id}", token=token) as late:
        kinds = [event["event"] for event in await late.has(len(heard))]
        assert kinds[-len(heard) :] == heard
    shown = (await client.get(f"/v1/conversations/{conversation_id}/timeline?limit=100")).json()["items"]
    assert [event["kind"] for event in shown][-len(heard) :] == heard
    assert {event["kind"] for event in shown} & {*_OF_ADMINS, *_OF_LEADERS} == set(heard) - set(_OF_ALL)


async def test_a_kind_of_event_is_shown_by_an_operation_that_exists() -> None:
    assert set(SHOWN_BY.values()) <= PERMISSIONS.operations


async def test_a_reader_who_does_not_read_is_disconnected(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "SLOW_READER_SECONDS", 0.05)
    stuck = asyncio.Event()
    stream = Stream()

    async def send(message: Message) -> None:
        await stream.send(message)
        if b"event: " in message.get("body", b""):
            await stuck.wait()

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/v1/events",
        "raw_path": b"/v1/events",
        "query_string": b"after=0",
        "root_path": "",
        "headers": [(b"authorization", f"Bearer {ADMIN_TOKEN}".encode())],
    }
    await _happen(api, "one")
    await asyncio.wait_for(api.app(scope, stream.receive, send), 30)
    assert not api.app.state.event_hub._streams


async def test_one_agent_may_open_only_so_many_streams(api: Api) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(event_hub.STREAMS_PER_AGENT):
            await stack.enter_async_context(listening(api))
        refused = await api.admin.get("/v1/events")
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
        _, other = await api.somebody("agent")
        token = other.headers["Authorization"].removeprefix("Bearer ")
        await stack.enter_async_context(listening(api, token=token))
    async with listening(api) as again:
        assert again.status == 200


async def test_streams_that_are_opened_at_once_are_counted_too(api: Api) -> None:
    async with contextlib.AsyncExitStack() as stack:
        opened = await asyncio.gather(*(stack.enter_async_context(listening(api)) for _ in range(30)))
        statuses = [stream.status for stream in opened]
    assert (statuses.count(200), statuses.count(429)) == (event_hub.STREAMS_PER_AGENT, 20)
    assert not api.app.state.event_hub._streams
    assert not api.app.state.event_hub._listeners


async def test_one_poller_serves_all_and_stops_with_the_last(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_hub, "POLL_SECONDS", 0.2)
    hub = api.app.state.event_hub
    async with listening(api), listening(api), listening(api):
        with api.counted_statements() as statements:
            await asyncio.sleep(event_hub.POLL_SECONDS * 3)
        assert 1 <= len(statements) <= 20  # for each look: the events, and whose tokens are live
    assert hub._poller is None


@pytest.mark.parametrize(
    "asked",
    ["4711", "no id of ours", "ä", "x" * 5000, write_id("of another installation", 1), "beyond", "after"],
)
async def test_a_position_that_is_not_here_is_told_once_and_the_stream_goes_on(api: Api, asked: str) -> None:
    await _happen(api, "before")
    query, headers = "", {"last-event-id": asked}
    if asked == "beyond":
        headers = {"last-event-id": write_id(await api.database.write(claim_event_log_id), 999_999)}
    elif asked == "after":
        query, headers = "after=999999", {}
    async with listening(api, query, headers=headers) as stream:
        await _happen(api, "one")
        assert [event["event"] for event in await stream.has(1)] == ["one"]
        assert [block["event"] for block in stream.blocks] == ["hello", "reset", "one"]
        assert stream.told("reset")[0]["data"] == {"reason": "unknown"}
        goes_on_from = stream.told("hello")[0]["id"]
    async with listening(api, headers={"last-event-id": goes_on_from}) as again:
        await again.has(1)
        assert [block["event"] for block in again.blocks] == ["hello", "one"]


async def test_a_position_after_which_events_were_deleted_is_reset(api: Api) -> None:
    async with listening(api) as stream:
        await _happen(api, "one")
        await stream.has(1)
        position = stream.position
    await _happen(api, "two")
    async with listening(api, headers={"last-event-id": position}) as stream:
        await stream.has(1)
        assert stream.told("reset") == []
    await _happen(api, "three")
    await api.database.write(lambda s: s.exec(delete(Event).where(col(Event.kind) != "three")))
    async with listening(api, headers={"last-event-id": position}) as stream:
        assert stream.told("reset")[0]["data"] == {"reason": "deleted"}
    async with listening(api, "after=0") as stream:
        await stream.has(1)
        assert [block["event"] for block in stream.blocks] == ["hello", "three"]


async def test_a_log_that_was_restored_is_another_log(api: Api) -> None:
    async with listening(api) as stream:
        await _happen(api, "one", "two", "three")
        await stream.has(3)
        position = stream.events[0]["id"]
    await api.database.write(lambda s: begin_restored(s, NOW, NOW))
    async with listening(api, headers={"last-event-id": position}) as stream:
        assert stream.told("reset")[0]["data"] == {"reason": "unknown"}


async def test_each_event_is_rendered_once_for_all_streams(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    hub, rendered = api.app.state.event_hub, Counter[str]()

    def render(event: Event, log_id: str, rows: str = "") -> bytes:
        rendered[event.kind] += 1
        return render_event(event, log_id, rows)

    monkeypatch.setattr(hub, "_render", render)
    async with contextlib.AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(listening(api)) for _ in range(5)]
        await _happen(api, "one", "two")
        for stream in streams:
            await stream.has(2)
    assert rendered == {"one": 1, "two": 1}


async def test_who_falls_behind_what_is_in_memory_reads_on(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_hub, "_IN_MEMORY", 10)
    monkeypatch.setattr(event_hub, "_BATCH", 7)
    async with listening(api) as quick, listening(api, "after=0") as other:
        for start in range(0, 90, 30):
            await _happen(api, *(f"event {number}" for number in range(start, start + 30)))
        await quick.has(90)
        await other.has(90)
    for stream in (quick, other):
        assert [event["event"] for event in stream.events] == [f"event {number}" for number in range(90)]
    hub = api.app.state.event_hub
    assert len(hub._recent) == 10


async def test_streams_say_goodbye_before_the_server_ends(api: Api) -> None:
    async with listening(api) as one, listening(api) as two:
        await _happen(api, "last")
        await one.has(1)
        await two.has(1)
        api.app.state.event_hub.end()

        async def over() -> bool:
            return one.ended and two.ended

        await eventually(over)
    for stream in (one, two):
        goodbye = stream.blocks[-1]
        assert (goodbye["event"], goodbye["data"]) == ("goodbye", {"reason": "server_stops"})
        assert 200 <= int(goodbye["retry"]) <= 2000
    async with listening(api, headers={"last-event-id": one.position}) as late:
        assert [block["event"] for block in late.blocks] == ["hello", "goodbye"]


@pytest.mark.parametrize(
    "query", ["after=-1", "after=x", "after=1e3", "page_id=x", "conversation_id=..", "kind=no.such"]
)
async def test_a_bad_stream_is_refused(api: Api, query: str) -> None:
    answer = await api.admin.get(f"/v1/events?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_what_happens_after_the_newest_events_were_erased_is_told(api: Api) -> None:
    async with listening(api) as stream:
        await _happen(api, "of somebody", "of the same", "of the same again")
        await stream.has(3)
        position = stream.position
        await api.database.write(lambda s: s.exec(delete(Event)))
        await _happen(api, "customer.erased")
        await stream.has(4)
    async with listening(api, headers={"last-event-id": position}) as resumed:
        assert [event["event"] for event in await resumed.has(1)] == ["customer.erased"]
        assert resumed.told("reset") == []


async def test_what_another_process_commits_is_told_without_waiting_for_the_poll(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_hub, "POLL_SECONDS", 3600)
    other = dataclasses.replace(api, database=Database(api.settings.store_url))
    async with listening(api) as stream:
        await _happen(other, "one")
        await stream.has(1)
        await asyncio.gather(*(_happen(other, f"event {number}") for number in range(50)))
        await stream.has(51)
    other.database.close()


async def test_what_was_not_signalled_is_told_by_the_poll(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_hub, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(api.database.signals, "send", lambda _: None)
    async with listening(api) as stream:
        await _happen(api, "one")
        await stream.has(1)


async def test_a_position_that_another_api_has_told_already_is_no_position_of_elsewhere(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(api) as first:
        monkeypatch.setattr(api.database.signals, "send", lambda _: None)
        monkeypatch.setattr(event_hub, "POLL_SECONDS", 0.5)
        await _happen(api, "told by another")
        beyond = write_id(await api.database.write(claim_event_log_id), 1)
        async with listening(api, headers={"last-event-id": beyond}) as second:
            await _happen(api, "next")
            await first.has(2)
            await second.has(1)
    assert [block["event"] for block in second.blocks] == ["hello", "next"]
