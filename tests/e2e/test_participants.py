"""A colleague from outside: consulted, let in to the customer, and gone with the agent's session."""

from typing import Any

import httpx
import pytest
from sqlmodel import Session

from base import clock
from store import tables
from store.events.events import append_events
from store.routing.agent_states import RoutingWrites, refresh_agent
from store.routing.capacity import lock_agent_state
from store.routing.members import enrol_agent
from support.whole import Whole

pytestmark = pytest.mark.dev_server


async def comes(whole: Whole, name: str, *, leaves_queues: bool = False) -> tuple[str, httpx.AsyncClient]:
    """An agent who is there."""
    client = await whole.agent_client(name)
    agent_id = str((await client.get("/v1/me")).json()["id"])

    def work(session: Session) -> None:
        writes, now = RoutingWrites(), clock.now()
        enrol_agent(session, agent_id, "agent", writes, now)
        state = lock_agent_state(session, agent_id)
        assert state is not None
        state.connected = True
        refresh_agent(session, state, writes, now, freed=False, reason="stream")
        append_events(session, writes.events)
        if leaves_queues:
            member = session.get(tables.QueueMember, ("default", agent_id))
            if member is not None:
                session.delete(member)

    await whole.store.write(work)
    return agent_id, client


async def test_a_colleague_of_another_queue_sees_it_while_they_take_part(whole: Whole) -> None:
    _, agent = await comes(whole, "mia")
    colleague_id, colleague = await comes(whole, "zoe", leaves_queues=True)
    psid = await whole.customer()
    await whole.says(psid, "My order has not come.")
    conversation_id = (await whole.conversation_of(psid))["id"]
    address = f"/v1/conversations/{conversation_id}"

    async def asks(client: httpx.AsyncClient, action: str, expected: int = 200, **body: Any) -> Any:
        answer = await client.post(f"{address}/{action}", json=body or None)
        assert answer.status_code == expected, answer.text
        return answer.json()

    assert (await asks(agent, "consult", 409, agent_id=colleague_id))["code"] == "invalid_state"
    await asks(agent, "pick")
    assert (await colleague.get(address)).status_code == 404
    assert (await asks(agent, "consult", 409, agent_id="nobody"))["code"] == "agent_not_available"

    shown = await asks(agent, "consult", agent_id=colleague_id)
    assert [(each["agent_id"], each["mode"], each["joined_at"]) for each in shown["participants"]] == [
        (colleague_id, "consult", None)
    ]
    work = (await colleague.get("/v1/me/work")).json()
    assert [(each["conversation_id"], each["mode"]) for each in work["participations"]] == [
        (conversation_id, "consult")
    ]
    await asks(colleague, "accept")
    assert (await colleague.get(address)).json()["participants"][0]["joined_at"] is not None
    assert len((await colleague.get(f"{address}/messages")).json()["items"]) >= 1

    async def replies(key: str) -> httpx.Response:
        said = {"text": "It is on its way."}
        return await colleague.post(f"{address}/messages", json=said, headers={"Idempotency-Key": key})

    refused = await replies("one")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_your_conversation")
    assert "join" not in refused.json().get("allowed_commands", [])
    await asks(agent, "join", agent_id=colleague_id)
    assert (await replies("two")).status_code == 201
    assert (await asks(agent, "monitor", 403))["code"] == "forbidden"

    shown = await asks(agent, "end")
    assert shown["participants"] == []
    assert (await colleague.get(address)).status_code == 404
    told = (await agent.get(f"{address}/timeline")).json()["items"]
    kinds = [each["kind"] for each in told if each["kind"].partition(".")[0] in {"consult", "participant"}]
    assert kinds == [
        "consult.asked",
        "consult.accepted",
        "participant.joined",
        "participant.joined",
        "participant.left",
    ]
