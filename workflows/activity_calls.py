"""The activities that a conversation calls, each with its time limits and what its failure means.

Short calls of the store are in `workflows.store_calls`.
"""

import contextlib
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from domain.conversations.state import QueuedSend, ThreadState
    from domain.routing.route_result import PROFILE_WAIT
    from domain.sending.delivery import MessageStatus
    from workflows.messages import LoadThread, ReadBack, SendMessage, SendReport
    from workflows.store_calls import STORE_RETRY

# A worker that dies with an activity in hand costs this long. A load may be repeated at will; a send that was
# given up while it was still under way is shown as unknown until it ends, so it gets more patience.
_LOAD_HEARTBEAT_TIMEOUT = timedelta(seconds=2)
_SEND_HEARTBEAT_TIMEOUT = timedelta(seconds=5)
_LOAD_TIMEOUT = timedelta(seconds=5)
SEND_TIMEOUT = timedelta(seconds=30)
_NO_RETRY = RetryPolicy(maximum_attempts=1)
_AFTER_LOST_ATTEMPT = timedelta(seconds=1)


async def load_thread(page_id: str, customer_id: str) -> ThreadState:
    """The thread as it was last projected."""
    # A regular activity: a local one's result is not yet in the history when a worker dies, and the
    # retried task would then load its own projection and drop the customer's message as seen.
    state: ThreadState = await workflow.execute_activity(
        "load_thread",
        LoadThread(page_id, customer_id),
        result_type=ThreadState,
        start_to_close_timeout=_LOAD_TIMEOUT,
        heartbeat_timeout=_LOAD_HEARTBEAT_TIMEOUT,
        retry_policy=STORE_RETRY,
    )
    return state


async def await_profile(customer_id: str) -> None:
    """Return once Meta has told who the customer is, or will not in time."""
    with contextlib.suppress(ActivityError):
        await workflow.execute_activity(
            "await_profile",
            customer_id,
            schedule_to_close_timeout=PROFILE_WAIT,
            retry_policy=_NO_RETRY,
        )


async def send_once(page_id: str, customer_id: str, send: QueuedSend) -> SendReport:
    """One attempt to send a message."""
    request = SendMessage(
        page_id,
        customer_id,
        send.message_id,
        human_agent_tag=send.human_agent_tag,
        tries=send.tries,
        content_kind=send.content_kind,
    )
    try:
        report: SendReport = await workflow.execute_activity(
            "send_message",
            request,
            result_type=SendReport,
            start_to_close_timeout=SEND_TIMEOUT,
            heartbeat_timeout=_SEND_HEARTBEAT_TIMEOUT,
            retry_policy=_NO_RETRY,
        )
    except ActivityError:
        # The attempt's end is not known here. The next attempt reads the row and decides what is safe.
        # It is no try of the message's: what failed was ours, and may be so for long.
        until = workflow.now() + _AFTER_LOST_ATTEMPT
        return SendReport(MessageStatus.QUEUED, until=until, in_line=True)
    return report


async def read_back(page_id: str, customer_id: str, message_id: str) -> SendReport:
    """Look at Meta for a message of which nobody knows whether it was sent."""
    try:
        report: SendReport = await workflow.execute_activity(
            "read_back",
            ReadBack(page_id, customer_id, message_id),
            result_type=SendReport,
            start_to_close_timeout=SEND_TIMEOUT,
            heartbeat_timeout=_SEND_HEARTBEAT_TIMEOUT,
            retry_policy=_NO_RETRY,
        )
    except ActivityError:
        return SendReport(MessageStatus.UNKNOWN, "not_looked_up")
    return report
