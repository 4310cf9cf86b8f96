"""The fetching or deletion of one message's files: outside of its conversation, which never waits for it."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from domain.workstreams.conversation_settings import AutomatedTrigger
    from workflows.messages import FILES_WORKFLOW, FilesInput, TellRefused, require_known_schema

_FETCH_TIMEOUT = timedelta(hours=1)
_SILENCE = timedelta(seconds=10)
_FETCH_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=2), backoff_coefficient=4, maximum_interval=timedelta(minutes=5)
)
_TELL_TIMEOUT = timedelta(seconds=20)
_TELL_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=30)
)


@workflow.defn(name=FILES_WORKFLOW)
class FilesWorkflow:
    """Fetches the files of a message until none is pending, then has the customer told of those refused.

    Files of a message that was taken back are deleted instead.
    """

    @workflow.run
    async def run(self, start: FilesInput) -> None:
        """Fetch and tell."""
        require_known_schema(start.schema_version)
        trigger = await workflow.execute_activity(
            "fetch_files",
            start.message_id,
            result_type=AutomatedTrigger,
            start_to_close_timeout=_FETCH_TIMEOUT,
            heartbeat_timeout=_SILENCE,
            retry_policy=_FETCH_RETRY,
        )
        if trigger is None:
            return
        await workflow.execute_activity(
            "tell_refused_files",
            TellRefused(start.message_id, trigger),
            start_to_close_timeout=_TELL_TIMEOUT,
            retry_policy=_TELL_RETRY,
        )
