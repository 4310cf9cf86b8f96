"""Streams tell of the conversations that their readers see, and end when that changes."""

from typing import Any

import httpx
import pytest
from sqlmodel import Session

from domain.conversations.changes import Fact, FactValue
from domain.conversations.lifecycle import ActorKind
from domain.events.kinds import FactKind
from store import tables
from store.events.events import append_events, event_row
from support.api import NOW, Api, Seed, Thread
from support.eventually import eventually
from support.streams import listening


async def happen(api: Api, thread: Thread, conversation_id: str | None) -> None:
    """Something happens in a thread, and then something that everybody may hear."""
    fact = Fact(FactKind.MESSAGE_RECEIVED, NOW, ActorKind.CUSTOMER, conversation_id=conversation_id)
    common = Fact(FactKind.PAGE_CHECKED, NOW, ActorKind.SYSTEM)
    rows = [
        event_row(fact, thread.page_id, thread.customer_id, None),
        event_row(common, thread.page_id, None, None),
    ]
    await api.database.write(lambda session: append_events(session, rows))


async def move_to(api: Api, thread: Thread, queue_id: str) -> None:
    """The conversation waits in another queue."""

    def move(session: Session) -> None:
        session.merge(tables.Queue(id=queue_id, name=queue_id, created_at=NOW))
        session.flush()
        session.get_one(tables.Conversation, thread.conversation_id).queue_id = queue_id

    await api.database.write(move)


def token_of(client: httpx.AsyncClient) -> str:
    """The key that a client has."""
    return client.headers["Authorization"].removeprefix("Bearer ")


@pytest.mark.parametrize("of_conversation", [True, False], ids=["of-a-conversation", "of-the-thread"])
async def test_a_stream_tells_of_what_its_reader_sees(api: Api, seed: Seed, *, of_conversation: bool) -> None:
    thread = await seed.conversation()
    _, member = await api.somebody("agent")
    _, machine = await api.somebody("machine")
    conversation_id = thread.conversation_id if of_conversation else None
    async with (
        listening(api, token=token_of(member)) as seeing,
        listening(api, token=token_of(machine)) as all_seeing,
    ):
        await happen(api, thread, conversation_id)
        await seeing.has(2)
        await all_seeing.has(2)
        assert [each["event"] for each in seeing.events] == ["message.received", "page.checked"]

    await move_to(api, thread, "sales")
    async with (
        listening(api, token=token_of(member)) as blind,
        listening(api, token=token_of(machine)) as all_seeing,
    ):
        await happen(api, thread, conversation_id)
        await all_seeing.has(2)
        await blind.has(1)
        assert [each["event"] for each in blind.events] == ["page.checked"]


async def test_whom_an_offer_or_a_part_was_taken_from_hears_of_it(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    agent_id, agent = await api.somebody("agent")
    _, other = await api.somebody("agent")
    await move_to(api, thread, "sales")

    def told(kind: FactKind) -> dict[str, Any]:
        data: dict[str, FactValue] = {"participant_id": "p", "agent_id": agent_id}
        fact = Fact(kind, NOW, ActorKind.SYSTEM, conversation_id=thread.conversation_id, data=data)
        return event_row(fact, thread.page_id, thread.customer_id, None)

    kinds = (FactKind.PARTICIPANT_LEFT, FactKind.CONSULT_WITHDRAWN, FactKind.OFFER_WITHDRAWN)
    async with (
        listening(api, token=token_of(agent)) as hearing,
        listening(api, token=token_of(other)) as blind,
    ):
        rows = [told(kind) for kind in (*kinds, FactKind.SESSION_CLOSED)]
        await api.database.write(lambda session: append_events(session, rows))
        await happen(api, thread, thread.conversation_id)
        await hearing.has(4)
        await blind.has(1)
        assert [each["event"] for each in hearing.events] == [*kinds, "page.checked"]
        assert [each["event"] for each in blind.events] == ["page.checked"]


async def test_of_an_offer_hear_whom_it_is_made_to_and_supervisors_and_no_colleague(
    api: Api, seed: Seed
) -> None:
    thread = await seed.conversation()
    agent_id, agent = await api.somebody("agent")
    _, colleague = await api.somebody("agent")
    _, supervisor = await api.somebody("supervisor")
    _, machine = await api.somebody("machine")
    offers = (FactKind.OFFER_MADE, FactKind.OFFER_TIMED_OUT, FactKind.OFFER_ACCEPTED)

    def told(kind: FactKind) -> dict[str, Any]:
        data: dict[str, FactValue] = {"offer_id": "o", "agent_id": agent_id}
        fact = Fact(kind, NOW, ActorKind.SYSTEM, conversation_id=thread.conversation_id, data=data)
        return event_row(fact, thread.page_id, thread.customer_id, None)

    async with (
        listening(api, token=token_of(agent)) as hearing,
        listening(api, token=token_of(supervisor)) as supervising,
        listening(api, token=token_of(machine)) as all_hearing,
        listening(api, token=token_of(colleague)) as beside,
    ):
        rows = [told(kind) for kind in (*offers, FactKind.CONVERSATION_ACTIVE)]
        await api.database.write(lambda session: append_events(session, rows))
        for stream in (hearing, supervising, all_hearing):
            await stream.has(4)
            assert [each["event"] for each in stream.events] == [*offers, "conversation.active"]
        await beside.has(1)
        assert [each["event"] for each in beside.events] == ["conversation.active"]


async def test_a_stream_that_resumes_tells_no_more_than_its_reader_sees_now(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    _, member = await api.somebody("agent")
    async with listening(api, token=token_of(member)) as stream:
        position = stream.position
    await happen(api, thread, thread.conversation_id)
    await move_to(api, thread, "sales")
    async with listening(api, token=token_of(member), headers={"last-event-id": position}) as resumed:
        await resumed.has(1)
        assert [each["event"] for each in resumed.events] == ["page.checked"]


async def test_a_stream_ends_with_the_membership_and_tells_nothing_that_happens_afterwards(
    api: Api, seed: Seed
) -> None:
    thread = await seed.conversation()
    agent_id, member = await api.somebody("agent")
    async with listening(api, token=token_of(member)) as stream:
        await happen(api, thread, thread.conversation_id)
        await stream.has(2)

        def leave(session: Session) -> None:
            session.delete(session.get_one(tables.QueueMember, ("default", agent_id)))

        await api.database.write(leave)
        await happen(api, thread, thread.conversation_id)

        async def is_over() -> bool:
            return stream.ended

        await eventually(is_over, within=4)
        assert len(stream.events) == 2
        assert stream.blocks[-1]["event"] == "goodbye"
        assert stream.blocks[-1]["data"] == {"reason": "rights_changed"}
