"""Presence over the API: streams that make connected, choices, leases, and who may see and set what."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import Session

from base import clock
from store import tables
from store.routing.agent_states import RoutingWrites
from store.routing.members import enrol_agent
from store.routing.transactions import with_routing_writes
from support.api import Api
from support.eventually import eventually
from support.streams import listening


async def somebody(api: Api, role: str = "agent", *, serves: bool = True) -> tuple[str, httpx.AsyncClient]:
    """An agent who serves the default queue, unless told, and their client."""
    agent_id, client = await api.somebody(role)

    def work(session: Session, writes: RoutingWrites) -> None:
        enrol_agent(session, agent_id, role, writes, clock.now())

    def leave(session: Session) -> None:
        if member := session.get(tables.QueueMember, ("default", agent_id)):
            session.delete(member)

    await api.database.write(with_routing_writes(work) if serves else leave)
    return agent_id, client


@contextlib.asynccontextmanager
async def connected(api: Api, client: httpx.AsyncClient) -> AsyncIterator[None]:
    """They are there for the length of the block."""
    token = client.headers["Authorization"].removeprefix("Bearer ")
    async with listening(api, "presence=1", token=token):
        yield


async def _presence(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/v1/me/presence")
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


async def test_only_a_stream_with_presence_makes_its_agent_connected(api: Api) -> None:
    agent_id, client = await somebody(api)
    token = client.headers["Authorization"].removeprefix("Bearer ")
    async with listening(api, token=token):
        assert (await _presence(client))["connected"] is False
    async with connected(api, client):
        found = await _presence(client)
        assert (found["agent_id"], found["presence"], found["connected"]) == (agent_id, "available", True)


async def test_an_agent_whose_stream_has_closed_is_offline_after_the_grace(api: Api) -> None:
    _, client = await somebody(api)
    api.app.state.stream_presence._grace = timedelta(milliseconds=50)
    async with connected(api, client):
        pass
    assert (await _presence(client))["connected"] is True

    async def offline() -> bool:
        found = await _presence(client)
        return bool(found["presence"] == "offline")

    await eventually(offline)
    assert (await _presence(client))["absent_since"] is not None


@pytest.mark.parametrize("role", ["admin", "machine"])
async def test_others_listen_without_being_there(api: Api, role: str) -> None:
    _, client = await somebody(api, role)
    async with connected(api, client):
        assert (await _presence(client))["presence"] == "offline"
    answer = await client.put("/v1/me/presence", json={"presence": "available"})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_a_member")


async def test_a_choice_holds_and_shows_its_text(api: Api) -> None:
    _, client = await somebody(api)
    async with connected(api, client):
        answer = await client.put("/v1/me/presence", json={"presence": "away", "text": " At lunch "})
        assert answer.status_code == 200
        found = answer.json()
        assert (found["presence"], found["chosen"], found["text"]) == ("away", "away", "At lunch")
        await client.put("/v1/me/presence", json={"presence": "available"})
        found = await _presence(client)
        assert (found["presence"], found["text"]) == ("available", None)


async def test_a_choice_clears_what_a_missed_offer_left(api: Api) -> None:
    agent_id, client = await somebody(api)
    async with connected(api, client):

        def miss(session: Session) -> None:
            session.get_one(tables.AgentState, agent_id).presence_mark = "missed"

        await api.database.write(miss)
        assert (await _presence(client))["mark"] == "missed"
        await client.put("/v1/me/presence", json={"presence": "available"})
        found = await _presence(client)
        assert (found["presence"], found["mark"]) == ("available", None)


async def test_a_lease_makes_a_client_without_a_stream_connected_and_keeps_the_choice(api: Api) -> None:
    _, client = await somebody(api)
    await client.put("/v1/me/presence", json={"presence": "away"})
    answer = await client.put("/v1/me/presence", json={"lease_seconds": 60})
    assert (answer.json()["connected"], answer.json()["presence"]) == (True, "away")


_CHOICE = {"presence": "away"}
BAD: dict[str, dict[str, Any]] = {
    "nothing": {},
    "inactive": {"presence": "inactive"},
    "unknown": {"presence": "asleep"},
    "number": {"presence": 1},
    "null": {"presence": None},
    "empty-text": _CHOICE | {"text": ""},
    "blank-text": _CHOICE | {"text": "  "},
    "long-text": _CHOICE | {"text": "x" * 101},
    "nul-in-text": _CHOICE | {"text": "a\x00b"},
    "line-break-in-text": _CHOICE | {"text": "a\nb"},
    "other-member": _CHOICE | {"until": "tomorrow"},
}
BAD_OWN: dict[str, dict[str, Any]] = BAD | {
    "text-alone": {"text": "At lunch"},
    "lease-0": {"lease_seconds": 0},
    "lease-negative": {"lease_seconds": -1},
    "lease-121": {"lease_seconds": 121},
    "lease-fraction": {"lease_seconds": 1.5},
    "lease-text": {"lease_seconds": "60"},
    "lease-true": {"lease_seconds": True},
}


@pytest.mark.parametrize("body", BAD_OWN.values(), ids=BAD_OWN)
async def test_a_bad_presence_of_ones_own_is_refused(api: Api, body: dict[str, Any]) -> None:
    _, client = await somebody(api)
    answer = await client.put("/v1/me/presence", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert (await _presence(client))["chosen"] is None


@pytest.mark.parametrize(
    "body",
    (BAD | {"lease": _CHOICE | {"lease_seconds": 60}}).values(),
    ids=BAD | {"lease": {}},
)
async def test_a_bad_presence_of_somebody_else_is_refused(api: Api, body: dict[str, Any]) -> None:
    agent_id, client = await somebody(api)
    answer = await api.admin.put(f"/v1/agents/{agent_id}/presence", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert (await _presence(client))["chosen"] is None


@pytest.mark.parametrize("value", ["2", "maybe", ""])
async def test_a_presence_of_a_stream_that_is_no_flag_is_refused(api: Api, value: str) -> None:
    answer = await api.admin.get("/v1/events", params={"presence": value})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_supervisors_set_the_presence_of_agents_of_their_queues(api: Api) -> None:
    agent_id, _ = await somebody(api)
    _, supervisor = await somebody(api, "supervisor")
    path = f"/v1/agents/{agent_id}/presence"
    answer = await supervisor.put(path, json={"presence": "do_not_disturb"})
    assert (answer.status_code, answer.json()["chosen"]) == (200, "do_not_disturb")
    audit = (await api.admin.get("/v1/audit")).json()["items"]
    assert any(each["data"].get("changed") == "presence" for each in audit)
    _, stranger = await somebody(api, "supervisor", serves=False)
    assert (await stranger.put(path, json={"presence": "away"})).status_code == 403
    assert (await stranger.get(path)).status_code == 403
    assert (await api.admin.put(path, json={"presence": "away"})).json()["chosen"] == "away"


async def test_agents_see_the_presence_of_those_with_whom_they_serve_a_queue(api: Api) -> None:
    agent_id, client = await somebody(api)
    other_id, other = await somebody(api)
    _, stranger = await somebody(api, serves=False)
    async with connected(api, other):
        answer = await client.get(f"/v1/agents/{other_id}/presence")
        assert answer.json()["presence"] == "available"
    assert (await stranger.get(f"/v1/agents/{agent_id}/presence")).status_code == 403
    assert (await client.get("/v1/agents/nobody/presence")).status_code == 404


async def test_a_deactivated_agent_is_gone_at_once(api: Api) -> None:
    agent_id, client = await somebody(api)
    async with connected(api, client):
        assert (await api.admin.patch(f"/v1/agents/{agent_id}", json={"active": False})).status_code == 200
        found = (await api.admin.get(f"/v1/agents/{agent_id}/presence")).json()
        assert (found["presence"], found["connected"]) == ("offline", False)


async def test_many_streams_of_one_agent_come_and_go(api: Api) -> None:
    _, client = await somebody(api)
    api.app.state.stream_presence._grace = timedelta(milliseconds=20)
    async with connected(api, client):

        async def come_and_go() -> None:
            async with connected(api, client):
                pass

        await asyncio.gather(*(come_and_go() for _ in range(5)))

        async def one_is_left() -> bool:
            return len(api.app.state.stream_presence._streams) == 1

        await eventually(one_is_left)
        assert (await _presence(client))["connected"] is True
