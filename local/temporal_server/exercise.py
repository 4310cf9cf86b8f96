"""A workflow that asks of a server what workflows ask, for the sake of the asking."""

from datetime import timedelta

from temporalio import activity, workflow

_SOON = timedelta(seconds=5)
_A_MOMENT = timedelta(milliseconds=300)


@activity.defn(name="nothing")
async def nothing() -> None:
    """Do nothing."""


@workflow.defn(name="exercise")
class Exercise:
    """Takes a signal and an update, sleeps, calls, and goes on as new once."""

    def __init__(self) -> None:
        self._signalled = False

    @workflow.run
    async def run(self, more_runs: int) -> None:
        """Do each once."""
        await workflow.wait_condition(lambda: self._signalled or not more_runs)
        await workflow.execute_activity(nothing, start_to_close_timeout=_SOON)
        await workflow.execute_local_activity(nothing, start_to_close_timeout=_SOON)
        await workflow.sleep(_A_MOMENT)
        if more_runs:
            workflow.continue_as_new(more_runs - 1)

    @workflow.signal
    def signal(self) -> None:
        """Let it begin."""
        self._signalled = True

    @workflow.update
    async def update(self) -> None:
        """Take it."""
