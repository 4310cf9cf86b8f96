"""Baseline B: the least a durable conversation can be. Each signal is answered by one activity; no more."""

from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

BASELINE_TASK_QUEUE = "baseline"
BASELINE_WORKFLOW = "baseline"
WRITE_SIGNAL = "write"
SEND_ACTIVITY = "baseline_send"

_SEND_TIMEOUT = timedelta(seconds=30)
_NO_RETRY = RetryPolicy(maximum_attempts=1)


@dataclass(frozen=True, slots=True)
class Send:
    """One answer to one customer."""

    psid: str
    message_id: str


@workflow.defn(name=BASELINE_WORKFLOW)
class BaselineWorkflow:
    """Answers every message of one customer."""

    @workflow.init
    def __init__(self, psid: str) -> None:
        self._psid = psid
        self._waiting: list[str] = []

    @workflow.run
    async def run(self, psid: str) -> None:
        """Go on for as long as the server lets the history grow."""
        while not workflow.info().is_continue_as_new_suggested():
            await workflow.wait_condition(lambda: bool(self._waiting))
            send = Send(psid, self._waiting.pop(0))
            await workflow.execute_activity(
                SEND_ACTIVITY, send, start_to_close_timeout=_SEND_TIMEOUT, retry_policy=_NO_RETRY
            )

    @workflow.signal(name=WRITE_SIGNAL)
    def write(self, message_id: str) -> None:
        """The customer has written."""
        self._waiting.append(message_id)
