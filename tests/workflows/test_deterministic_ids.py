"""What a workflow makes is named by its cause (ADR 0013)."""

import pytest
from temporalio.testing import WorkflowEnvironment

from support.desk import Desk
from support.eventually import eventually
from workflows.deterministic_ids import ids_of


def test_the_same_cause_gives_the_same_ids_whatever_came_before() -> None:
    greeting, other = ids_of("ada", "event/1"), ids_of("ada", "command/x")
    first = [greeting(), greeting()]
    other()
    assert [each() for each in [ids_of("ada", "event/1")] * 2] == first
    assert first[0] != first[1]


@pytest.mark.parametrize(("customer", "cause"), [("bob", "event/1"), ("ada", "event/11"), ("ada", "event/2")])
def test_another_customer_or_cause_gives_others(customer: str, cause: str) -> None:
    assert ids_of(customer, cause)() != ids_of("ada", "event/1")()


@pytest.mark.time_skipping
async def test_a_conversation_is_named_by_the_event_that_opened_it(
    desk: Desk, env: WorkflowEnvironment
) -> None:
    await desk.customer_writes(await env.get_current_time())

    async def opened() -> bool:
        return bool(await desk.conversations())

    await eventually(opened)
    conversation = await desk.conversation()
    assert conversation.id == ids_of(conversation.customer_id, "event/1")()
