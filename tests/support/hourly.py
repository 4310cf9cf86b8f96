"""A workflow that causes something, every hour."""

from datetime import datetime, timedelta

from temporalio import workflow

HOUR = timedelta(hours=1)


@workflow.defn
class Hourly:
    """Runs the activity `cause` every hour, so many times; gives the instants at which it woke."""

    @workflow.run
    async def run(self, hours: int) -> list[datetime]:
        """Sleep and cause."""
        woke = []
        for _ in range(hours):
            await workflow.sleep(HOUR)
            woke.append(workflow.now())
            await workflow.execute_activity("cause", start_to_close_timeout=timedelta(seconds=10))
        return woke
