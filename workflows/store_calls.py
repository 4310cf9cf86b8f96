"""Short calls of the store, made within the workflow task that needs them, as long as the store answers."""

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError, is_cancelled_exception

IN_TASK = timedelta(seconds=1)
"""Less than the 1.6 of a task's 2 seconds after which the SDK begins to hold the task with heartbeats."""

STORE_RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_interval=timedelta(seconds=5))
_TIMEOUT = timedelta(seconds=10)
_ONCE = RetryPolicy(maximum_attempts=1)


async def in_this_task(name: str, argument: Any, result_type: Any) -> Any:
    """Run an activity as a local one, and where it does not succeed at once as a regular one.

    A local activity that lasts longer than its task is held by empty tasks. If one of them is lost with the
    engine and an update comes meanwhile, replay resolves the local activity before the update and the first
    run did after it: the conversation is wedged (seen on SDK 1.35 with the database stopped and Temporal
    killed; https://github.com/temporalio/sdk-python/issues/1578 has the same cause, see
    docs/reference/upstream.md). A regular activity waits in the history, in one order for ever.
    """
    try:
        return await workflow.execute_local_activity(
            name, argument, result_type=result_type, schedule_to_close_timeout=IN_TASK, retry_policy=_ONCE
        )
    except FailureError as error:  # a local one is not wrapped in ActivityError
        if is_cancelled_exception(error):
            raise
    return await workflow.execute_activity(
        name, argument, result_type=result_type, start_to_close_timeout=_TIMEOUT, retry_policy=STORE_RETRY
    )
