"""What a client is told of the installation, and the clock of a demo that travels in time."""

from collections.abc import AsyncIterator
from importlib.metadata import version

import httpx
import pytest

from api.client import demo
from support.api import Api


async def test_a_client_learns_what_it_may_send_and_how_long_things_last(api: Api) -> None:
    _, agent = await api.somebody("agent")
    told = (await agent.get("/v1/config")).json()
    assert told["release"] == version("pagedesk")
    assert told["limits"]["text_units"] == 2000
    assert told["limits"]["file_bytes"] == 5 * 1024 * 1024
    assert (told["limits"]["ids"], told["limits"]["participants"]) == (200, 5)
    assert told["timeouts"] == {
        "sign_in_idle_seconds": 7200,
        "sign_in_seconds": 43200,
        "held_message_seconds": 604800,
    }
    assert told["features"] == {"demo": False, "time_travel": False}
    assert {"pdf", "png", "mp4"} <= set(told["file_extensions"])
    assert {"de", "en"} <= set(told["languages"])


async def test_the_time_of_a_desk_that_does_not_travel_is_nobodys_to_move(api: Api) -> None:
    for answer in (
        await api.admin.get("/v1/demo"),
        await api.admin.post("/v1/demo/travel", json={"seconds": 3600}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_demo_without_time_travel_says_which_command_has_it(api: Api) -> None:
    api.app.state.settings = api.settings.model_copy(update={"demo": True})
    try:
        shown = (await api.admin.get("/v1/demo")).json()
        moved = await api.admin.post("/v1/demo/travel", json={"seconds": 3600})
    finally:
        api.app.state.settings = api.settings
    assert (shown["time_travel"], shown["command"]) == (False, "pagedesk demo --time-travel")
    assert (moved.status_code, moved.json()["code"]) == (404, "not_found")


@pytest.fixture
async def machine(api: Api, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[httpx.Request]]:
    """A desk that travels; its time machine answers as `local.time_travel.control` does, once."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if len(asked) > 1:
            return httpx.Response(
                409, json={"error": "Still not at rest after 600 s: files are being fetched."}
            )
        told = {
            "from": "2026-11-20T12:00:00+00:00",
            "to": "2026-11-21T13:00:00+00:00",
            "real_seconds": 1.5,
            "events": [
                {
                    "id": 7,
                    "at": "2026-11-21T12:00:00+00:00",
                    "kind": "window.stage_changed",
                    "page_id": "1",
                    "customer_id": "u1",
                    "conversation_id": "c1",
                    "message_id": None,
                    "actor_kind": "system",
                    "actor_id": None,
                    "data": {"from": "standard"},
                }
            ],
            "lapsed_offers": [{"at": "2026-11-20T12:02:00+00:00", "agent": "Mia", "conversation_id": "c1"}],
        }
        return httpx.Response(200, json=told)

    api.app.state.settings = api.settings.model_copy(update={"time_travel": True, "travel_port": 7777})
    transport = httpx.MockTransport(answer)
    monkeypatch.setattr(demo, "connect", lambda url: httpx.AsyncClient(base_url=url, transport=transport))
    yield asked
    api.app.state.settings = api.settings


async def test_a_journey_tells_what_happened_on_the_way(api: Api, machine: list[httpx.Request]) -> None:
    agent = api.admin
    shown = (await agent.get("/v1/demo")).json()
    assert shown["sandbox_url"] == f"http://localhost:{api.settings.sandbox_port}"
    assert shown["time_travel"] is True
    told = (await agent.post("/v1/demo/travel", json={"seconds": 90_000})).json()
    assert machine[0].url == "http://127.0.0.1:7777/travel"
    assert machine[0].content == b'{"seconds":90000}'
    assert (told["started_at"], told["ended_at"]) == ("2026-11-20T12:00:00Z", "2026-11-21T13:00:00Z")
    (event,) = told["events"]
    assert (event["at"], event["kind"]) == ("2026-11-21T12:00:00Z", "window.stage_changed")
    assert (event["conversation_id"], event["data"]) == ("c1", {"from": "standard"})
    assert told["lapsed_offers"][0]["agent"] == "Mia"
    refused = await agent.post("/v1/demo/travel", json={"seconds": 90_000})
    assert (refused.status_code, refused.json()["code"]) == (409, "journey_refused")
    assert "files are being fetched" in refused.json()["detail"]


async def test_a_journey_goes_forwards_and_no_further_than_400_days(
    api: Api, machine: list[httpx.Request]
) -> None:
    for seconds in (0, -1, 400 * 86_400 + 1):
        answer = await api.admin.post("/v1/demo/travel", json={"seconds": seconds})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert machine == []
