"""Meta's windows, watched from outside: what the API and Meta allow at which second."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import pytest

from support.travelling import UNTAGGED, TravellingDesk

pytestmark = [pytest.mark.time_skipping, pytest.mark.asyncio(loop_scope="session")]

DAY = timedelta(hours=24)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Answered:
    """An agent's answer to a customer's only message, given within one second that was asked for."""

    conversation_id: str
    opened_at: datetime
    response: httpx.Response


async def answered(desk: TravellingDesk, after: timedelta, page_id: str = UNTAGGED) -> Answered:
    """Answer a new customer so long after the message, or up to a second later.

    Time runs on between arrival and answer. Where a stalled machine has taken more than that second, the
    answer says nothing, and another customer is asked.
    """
    for _ in range(5):
        psid = await desk.customer(page_id)
        conversation_id = await desk.picked(psid, page_id)
        opened_at = datetime.fromisoformat((await desk.window(conversation_id))["opened_at"])
        await desk.travel_to(opened_at + after)
        response = await desk.reply(conversation_id)
        await desk.settled()
        if await desk.now() < opened_at + after + SECOND:
            return Answered(conversation_id, opened_at, response)
    pytest.fail("this machine never answers within a second")


async def test_a_reply_at_23_59_59_is_sent(desk: TravellingDesk) -> None:
    answer = await answered(desk, DAY - SECOND)
    assert answer.response.status_code == 201
    message = await desk.message_with(answer.conversation_id, text="Hello!", status="delivered")
    assert message["allowed_by"] == "standard_window"


async def test_a_reply_at_24_00_00_is_refused_with_the_window(desk: TravellingDesk) -> None:
    answer = await answered(desk, DAY)
    problem = answer.response.json()
    assert (answer.response.status_code, problem["code"]) == (409, "human_agent_tag_off")
    assert problem["window"]["stage"] == "human_agent"
    assert datetime.fromisoformat(problem["window"]["standard_until"]) == answer.opened_at + DAY
