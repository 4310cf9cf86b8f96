"""`pagedesk demo --time-travel` and `pagedesk travel`, as a person uses them."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from base.settings import Settings
from base.settings_reading import SettingsError
from local.demo.seeding import PAGE_ID
from local.launch import launch_demo, launch_travelling
from local.processes.ports import free_port
from local.processes.served import served
from local.time_travel.travel import TravelError, length_of, travel
from support.demo import CLI, demo_environment, found, running_demo
from support.eventually import eventually


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("25h", timedelta(hours=25)),
        ("7d", timedelta(days=7)),
        ("90m", timedelta(minutes=90)),
        ("1d2h", timedelta(days=1, hours=2)),
        ("30s", timedelta(seconds=30)),
        ("1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("366d", timedelta(days=366)),
    ],
)
def test_a_length_of_time_is_written_in_days_hours_minutes_seconds(text: str, length: timedelta) -> None:
    assert length_of(text) == length


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("-5h", "forwards only"),
        ("", "no length of time"),
        ("25", "no length of time"),
        ("25x", "no length of time"),
        ("2h1d", "no length of time"),
        ("1.5h", "no length of time"),
        ("25 h", "no length of time"),
        ("٣h", "no length of time"),
        ("9999999d", "no length of time"),
        ("0s", "too short"),
        ("367d", "too far"),
    ],
)
def test_what_is_no_journey_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(TravelError, match=why):
        length_of(text)


def test_without_a_pagedesk_it_says_how_to_start_one() -> None:
    settings = Settings(port=free_port(), travel_port=free_port())
    with pytest.raises(TravelError, match=r"No Pagedesk .* Start `pagedesk demo --time-travel`"):
        travel(timedelta(hours=1), settings)


async def test_a_pagedesk_in_real_time_is_told_from_none() -> None:
    async with served(_answering(200)) as address:
        settings = Settings(port=int(address.rpartition(":")[2]), travel_port=free_port())
        with pytest.raises(TravelError, match="was not started with `pagedesk demo --time-travel`"):
            await asyncio.to_thread(travel, timedelta(hours=1), settings)


@pytest.mark.parametrize("status", [200, 404])
async def test_somebody_elses_port_is_told_from_ours(status: int) -> None:
    async with served(_answering(status)) as address:
        settings = Settings(travel_port=int(address.rpartition(":")[2]))
        with pytest.raises(TravelError, match="is no Pagedesk with time travel"):
            await asyncio.to_thread(travel, timedelta(hours=1), settings)


async def test_the_command_names_each_offer_that_lapsed() -> None:
    journey = {
        "from": "2026-11-26T14:27:15+00:00",
        "to": "2026-11-26T14:30:15+00:00",
        "real_seconds": 0.2,
        "events": [{"at": "2026-11-26T14:29:20+00:00", "kind": "offer.timed_out"}],
        "lapsed_offers": [{"at": "2026-11-26T14:29:20+00:00", "agent": "Mia", "conversation_id": "c1"}],
    }
    async with served(_answering(200, journey)) as address:
        settings = Settings(travel_port=int(address.rpartition(":")[2]))
        told = await asyncio.to_thread(travel, timedelta(minutes=3), settings)
    assert told.splitlines() == [
        "2026-11-26 14:27:15  →  2026-11-26 14:30:15 UTC, in 0.2 s",
        "  2026-11-26 14:29:20  offer.timed_out",
        "Offers that lapsed:",
        "  2026-11-26 14:29:20  Mia did not answer: conversation c1",
    ]


@pytest.mark.time_skipping
@pytest.mark.timeout(240)  # it starts seven processes
async def test_the_24_hour_rule_in_ten_seconds(tmp_path: Path) -> None:
    thrown_away = tmp_path / "data"
    thrown_away.mkdir()
    env = demo_environment(TMPDIR=str(thrown_away))
    async with running_demo(tmp_path, env, "--time-travel") as log:
        key = found(r"Mia (pdk_\S+)", log)
        api, sandbox = found(r"API +(\S+)/docs", log), found(r"Sandbox +(\S+)/ ", log)
        async with httpx.AsyncClient(base_url=api, headers={"Authorization": f"Bearer {key}"}) as mia:
            conversation = await _picked(mia, sandbox)
            status, told = await _command(env, "travel", "25h")
            assert status == 0, told
            assert float(found(r"  →  \S+ \S+ UTC, in (\S+) s", told)) < 10
            answer = await mia.post(
                f"{conversation}/messages", json={"text": "Hello!"}, headers={"Idempotency-Key": "1"}
            )
            assert answer.json()["code"] == "human_agent_tag_disabled"
            assert answer.json()["window"]["stage"] == "human_agent"
        assert list(thrown_away.iterdir()) != []
    assert list(thrown_away.iterdir()) == []


async def test_time_travel_refuses_parts_that_it_would_have_to_leave_alone() -> None:
    settings = Settings(temporal_address="temporal.example.com:7233", database_url="postgresql://db/desk")
    expected = "Start it without PAGEDESK_DATABASE_URL and PAGEDESK_TEMPORAL_ADDRESS."
    with pytest.raises(SettingsError, match=expected):
        await launch_travelling(settings)


async def test_the_demo_refuses_the_data_of_real_work() -> None:
    settings = Settings(database_url="postgresql://db/desk")
    with pytest.raises(SettingsError, match=r"shows its keys\. Start it without PAGEDESK_DATABASE_URL\."):
        await launch_demo(settings)


async def test_the_command_tells_what_is_wrong_and_fails() -> None:
    expected = "Time goes forwards only. To be earlier, start `pagedesk demo --time-travel` anew.\n"
    assert await _command(demo_environment(), "travel", "-1h") == (1, expected)


async def _picked(mia: httpx.AsyncClient, sandbox: str) -> str:
    """The path of the one conversation, which Mia has taken."""
    async with httpx.AsyncClient(base_url=f"{sandbox}/_sandbox") as meta:
        person = await meta.post("/customers", json={"page_id": PAGE_ID, "name": "Ada"})
        said = await meta.post(f"/customers/{PAGE_ID}/{person.json()['psid']}/say", json={"text": "hello"})
        said.raise_for_status()

    async def look() -> list[dict[str, str]]:
        found: list[dict[str, str]] = (await mia.get("/v1/conversations")).json()["items"]
        return found

    (conversation,) = await eventually(look)
    path = f"/v1/conversations/{conversation['id']}"
    # The demo's work is offered to agents; they may take it from the list, too, and need not be there for it.
    (await mia.post(f"{path}/pick")).raise_for_status()
    return path


async def _command(env: dict[str, str], *arguments: str) -> tuple[int | None, str]:
    """Exit status and output of a `pagedesk` command."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, CLI, *arguments),
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


def _answering(status: int, body: Any = "hello") -> Starlette:
    async def answer(_: Request) -> Response:
        return PlainTextResponse(body, status) if isinstance(body, str) else JSONResponse(body, status)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
