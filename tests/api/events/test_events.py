"""The event stream: whole, in order, resumable, and closed to those who may no longer listen."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from starlette.types import Message

from api.app import PERMISSIONS
from api.events import stream as event_stream
from api.events.access import SHOWN_BY
from api.runtime import event_hub
from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from store.events.events import append_events, event_row
from support.api import ADMIN_TOKEN, NOW, Api, Seed
from support.eventually import eventually


@dataclass
class Stream:
    """One reader, at the level of ASGI: httpx would wait for the end of the answer."""

    status: int | None = None
    text: str = ""
    ended: bool = False
    left: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events that have arrived."""
        blocks = (block.split("\n") for block in self.text.split("\n\n"))
        return [
            {
                "id": int(lines[0].removeprefix("id: ")),
                "event": lines[1].removeprefix("event: "),
                "data": orjson.loads(lines[2].removeprefix("data: ")),
            }
            for lines in blocks
            if len(lines) == 3 and lines[2].startswith("data: ")
        ]

    @property
    def position(self) -> int:
        """What a browser would send as Last-Event-ID."""
        ids = [line.removeprefix("id: ") for line in self.text.split("\n") if line.startswith("id: ")]
        return int(ids[-1])

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.text += message.get("body", b"").decode()
            self.ended = not message.get("more_body", False)

    async def has(self, count: int) -> list[dict[str, Any]]:
        """Wait for so many events."""

        async def enough() -> bool:
            return len(self.events) >= count

        await eventually(enough)
        return self.events


@contextlib.asynccontextmanager
async def listening(
    api: Api, query: str = "", *, token: str = ADMIN_TOKEN, headers: dict[str, str] | None = None
) -> AsyncIterator[Stream]:
    """A stream that is open as long as the block."""
    stream = Stream()
    given = {"authorization": f"Bearer {token}", **(headers or {})}
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/v1/events",
        "raw_path": b"/v1/events",
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }
    serving = asyncio.create_task(api.app(scope, stream.receive, stream.send))

    async def begun() -> bool:
        return "id: " in stream.text or stream.ended

    await eventually(begun)
    yield stream
    stream.left.set()
    await asyncio.wait_for(serving, 5)


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
    assert [event["id"] for event in events] == sorted(event["id"] for event in events)
    assert events[0]["data"] == {
        "id": events[0]["id"],
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
        position = stream.position
    await _happen(api, *(f"missed {number}" for number in range(1200)))
    headers = {"last-event-id": str(position)} if how == "header" else {}
    async with listening(api, "" if headers else f"after={position}", headers=headers) as resumed:
        await _happen(api, "live")
        events = await resumed.has(1201)
    assert [event["event"] for event in events] == [*(f"missed {n}" for n in range(1200)), "live"]


async def test_streams_are_narrowed_and_still_move_on(api: Api, seed: Seed) -> None:
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


async def test_two_hundred_writers_and_a_late_reader_agree(api: Api) -> None:
    async with listening(api) as early:
        await asyncio.gather(*(_happen(api, f"event {number}") for number in range(200)))
        await early.has(200)
        async with listening(api, "after=0") as late:
            await late.has(200)
    assert [event["id"] for event in late.events] == [event["id"] for event in early.events]
    assert len({event["event"] for event in early.events}) == 200


async def test_a_quiet_stream_is_kept_open(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.02)
    async with listening(api) as stream:
        before = len(stream.text)

        async def beaten() -> bool:
            return stream.text[before:].count(": \n") >= 3

        await eventually(beaten)
        assert stream.events == []


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
    await asyncio.wait_for(api.app(scope, stream.receive, send), 5)
    assert not api.app.state.services.hub._streams


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
    assert not api.app.state.services.hub._streams
    assert not api.app.state.services.hub._listeners


async def test_one_poller_serves_all_and_stops_with_the_last(api: Api) -> None:
    hub = api.app.state.services.hub
    async with listening(api), listening(api), listening(api):
        with api.counted_statements() as statements:
            await asyncio.sleep(event_hub.POLL_SECONDS * 3)
        assert 1 <= len(statements) <= 20  # for each look: the events, and whose tokens are live
    assert hub._poller is None


async def test_a_position_of_another_store_does_not_silence_the_stream(api: Api) -> None:
    async with listening(api, "after=999999") as stream:
        await _happen(api, "one")
        assert [event["event"] for event in await stream.has(1)] == ["one"]


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=1e3", "page_id=x", "conversation_id=.."])
async def test_a_bad_stream_is_refused(api: Api, query: str) -> None:
    answer = await api.admin.get(f"/v1/events?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
