"""The daily deletion of what is kept for a time only: one run a day, as long as the installation lives."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from workflows.messages import (
        RETENTION_WORKFLOW,
        RetentionInput,
        RetentionReport,
        require_known_schema,
    )

INTERVAL = timedelta(days=1)
_START_TO_CLOSE_TIMEOUT = timedelta(hours=6)
_HEARTBEAT_TIMEOUT = timedelta(seconds=30)
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=10), maximum_interval=timedelta(minutes=30))


@workflow.defn(name=RETENTION_WORKFLOW)
class RetentionWorkflow:
    """Delete, sleep for a day, and continue as new."""

    @workflow.run
    async def run(self, start: RetentionInput) -> None:
        """Enforce the retention periods once, then hand on to the next day's run."""
        require_known_schema(start.schema_version)
        report: RetentionReport = await workflow.execute_activity(
            "enforce_retention",
            start.inbox_position,
            result_type=RetentionReport,
            start_to_close_timeout=_START_TO_CLOSE_TIMEOUT,
            heartbeat_timeout=_HEARTBEAT_TIMEOUT,
            retry_policy=_RETRY,
        )
        await workflow.sleep(INTERVAL)
        workflow.continue_as_new(RetentionInput(report.inbox_position))
