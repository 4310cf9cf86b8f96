"""How events reach a conversation that may have to be begun for them."""

from functools import partial
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from workflows.messages import (
    CONVERSATION_WORKFLOW,
    EVENTS_SIGNAL,
    TASK_QUEUE,
    TASK_TIMEOUT,
    ConversationInput,
    ThreadEvents,
    conversation_workflow_id,
)


async def start_or_signal(
    client: Client, page_id: str, customer_id: str, batch: ThreadEvents, *, task_queue: str = TASK_QUEUE
) -> WorkflowHandle[Any, Any]:
    """Tell the thread's open run of events, or one that is begun for them.

    A fresh thread's are told with the start itself: the engine then gives the run's first task back with the
    answer, to the worker that shares this client, and no poll has to fetch it. A thread that ever had a run
    is not fresh, whatever the batch says: another relay may have told its events meanwhile.
    """
    begin = partial(
        client.start_workflow,
        CONVERSATION_WORKFLOW,
        id=conversation_workflow_id(page_id, customer_id),
        task_queue=task_queue,
        task_timeout=TASK_TIMEOUT,
    )
    if batch.fresh:
        try:
            return await begin(
                ConversationInput(page_id, customer_id, first=batch),
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                request_eager_start=True,
            )
        except WorkflowAlreadyStartedError:
            batch = ThreadEvents(batch.events)  # somebody has told it something before
    return await begin(
        ConversationInput(page_id, customer_id), start_signal=EVENTS_SIGNAL, start_signal_args=[batch]
    )
