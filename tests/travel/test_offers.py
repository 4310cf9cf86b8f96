"""A journey does not jump past offers, and tells which of them lapsed on its way."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from support.travelling import UNTAGGED, TravellingDesk

pytestmark = [pytest.mark.time_skipping, pytest.mark.asyncio(loop_scope="session")]


async def pushes(desk: TravellingDesk) -> None:
    """Conversations of the page are offered to agents."""
    page = (await desk.api.get(f"/v1/pages/{UNTAGGED}")).raise_for_status().json()
    changes = {"work_distribution": {"mode": "push"}}
    address = f"/v1/workstreams/{page['workstream_id']}"
    (await desk.api.patch(address, json=changes)).raise_for_status()


async def journey(desk: TravellingDesk, length: timedelta) -> dict[str, Any]:
    """What is told of a journey of so long."""
    async with httpx.AsyncClient(base_url=desk.settings.travel_url, timeout=120) as machine:
        answer = await machine.post("/travel", json={"seconds": length.total_seconds()})
    told: dict[str, Any] = answer.raise_for_status().json()
    return told


async def test_a_journey_tells_which_offers_lapsed(desk: TravellingDesk) -> None:
    await pushes(desk)
    async with await desk.agent_client("Mia") as mia:
        (await mia.put("/v1/me/presence", json={"lease_seconds": 120})).raise_for_status()
        await desk.customer_writes(await desk.customer())
        (offer,) = (await mia.get("/v1/me/work")).raise_for_status().json()["offers"]
        ends = datetime.fromisoformat(offer["expires_at"])

        told = await journey(desk, ends - await desk.now() - timedelta(seconds=10))
        assert told["lapsed_offers"] == []

        told = await journey(desk, timedelta(seconds=30))
        (lapsed,) = told["lapsed_offers"]
        assert (lapsed["agent"], lapsed["conversation_id"]) == ("Mia", offer["id"])
        assert datetime.fromisoformat(lapsed["at"]) == ends
        # Nobody else is there, so she is offered it once more.
        (again,) = [each["at"] for each in told["events"] if each["kind"] == "offer.made"]
        assert ends < datetime.fromisoformat(again) < ends + timedelta(seconds=10)
