"""A push workstream from outside: the dispatcher offers, an agent accepts, answers and ends."""

import httpx
import pytest
from sqlmodel import Session, col, select

from base import clock
from store import tables
from store.events.events import append_events
from store.routing.agent_states import RoutingWrites, refresh_agent
from store.routing.capacity import lock_agent_state
from store.routing.dispatch_marks import append_marks
from store.routing.members import enrol_agent
from store.workstreams import workstreams
from support.eventually import eventually
from support.whole import Whole

pytestmark = pytest.mark.dev_server


async def pushes(whole: Whole) -> None:
    """Every workstream offers its conversations, and agents may decline."""

    def work(session: Session) -> None:
        for each in session.exec(select(tables.Workstream)).all():
            changes = {"distribution_mode": "push", "notification": {"reject_button": True}}
            workstreams.change(session, each.id, changes)

    await whole.store.write(work)


async def comes(whole: Whole, name: str) -> tuple[str, httpx.AsyncClient]:
    """An agent of the default queue, who is there."""
    client = await whole.agent_client(name)
    agent_id = str((await client.get("/v1/me")).json()["id"])

    def work(session: Session) -> None:
        writes, now = RoutingWrites(), clock.now()
        enrol_agent(session, agent_id, "agent", writes, now)
        state = lock_agent_state(session, agent_id)
        assert state is not None
        state.connected = True
        refresh_agent(session, state, writes, now, freed=False, reason="stream")
        append_marks(session, writes.marks)
        append_events(session, writes.events)

    await whole.store.write(work)
    return agent_id, client


async def test_who_writes_is_offered_to_agents_until_one_accepts(whole: Whole) -> None:
    await pushes(whole)
    first_id, first = await comes(whole, "first")
    psid = await whole.customer()
    await whole.says(psid, "Is anybody there?")
    conversation_id = (await whole.conversation_of(psid))["id"]
    address = f"/v1/conversations/{conversation_id}"

    async def offered_to(agent_id: str) -> bool:
        shown = (await whole.api.get(address)).json()
        return (shown["phase"], shown["agent_id"]) == ("awaiting_acceptance", agent_id)

    await eventually(lambda: offered_to(first_id))
    second_id, second = await comes(whole, "second")
    refused = await second.post(f"{address}/accept")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_offered_to_you")
    assert refused.json()["allowed_commands"] == ["accept", "decline"]
    offer_id = (await first.get("/v1/me/work")).json()["offers"][0]["offer_id"]
    declined = (await first.post(f"{address}/decline", json={"offer_id": offer_id})).raise_for_status().json()
    assert declined["status_reason"] == "declined_by_agent"

    await eventually(lambda: offered_to(second_id))
    late = await second.post(f"{address}/accept", json={"offer_id": offer_id})
    assert (late.status_code, late.json()["code"]) == (409, "offer_over")
    shown = (await second.post(f"{address}/accept")).raise_for_status().json()
    assert (shown["status"], shown["phase"], shown["offer_expires_at"]) == ("active", "in_conversation", None)
    reply = await second.post(
        f"{address}/messages", json={"text": "Yes, I am."}, headers={"Idempotency-Key": "k1"}
    )
    assert reply.status_code == 201
    await whole.message_with(conversation_id, text="Yes, I am.", status="delivered")

    absent = await second.post(f"{address}/transfer", json={"agent_id": "nobody"})
    assert (absent.status_code, absent.json()["code"]) == (409, "agent_not_available")
    unknown = await second.post(f"{address}/transfer", json={"queue_id": "no-such-queue"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_queue")
    (await second.post(f"{address}/transfer", json={"agent_id": first_id})).raise_for_status()
    assert await offered_to(first_id)
    (await first.post(f"{address}/accept")).raise_for_status()
    for action in ("end", "complete"):
        (await first.post(f"{address}/{action}")).raise_for_status()

    def slots(session: Session) -> list[tuple[str, str]]:
        rows = session.exec(select(tables.Slot).order_by(col(tables.Slot.claimed_at)))
        return [(each.agent_id, each.state) for each in rows]

    assert await whole.store.read(slots) == [
        (first_id, "released"),
        (second_id, "released"),
        (first_id, "released"),
    ]
    for client in (first, second):
        await client.aclose()
