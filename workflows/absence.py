"""What is done about an agent who is not connected any more.

What was offered to them goes on at once. Who comes back in time finds everything else as it was; after that
their conversations are told, and each decides.
"""

from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from workflows.messages import (
        ABSENCE_WORKFLOW,
        ABSENT_SIGNAL,
        AbsenceFound,
        AbsenceInput,
        EndAbsence,
        require_known_schema,
    )
    from workflows.store_calls import in_this_task

_PAUSE = timedelta(seconds=1)
"""Between two steps of conversations that are told: their workflows share the workers with all others."""


@workflow.defn(name=ABSENCE_WORKFLOW)
class AbsenceWorkflow:
    """One agent's absence. It is about what the row says, so that a repeated signal does no harm."""

    def __init__(self) -> None:
        self._looks_again = False

    @workflow.signal(name=ABSENT_SIGNAL)
    def absent(self) -> None:
        """The agent is absent, again, or was deactivated: look at the row."""
        self._looks_again = True

    @workflow.run
    async def run(self, start: AbsenceInput) -> None:
        """Deal with the absence that there is, and with those that follow before it is over."""
        require_known_schema(start.schema_version)
        while True:
            self._looks_again = False
            found: AbsenceFound = await in_this_task("begin_absence", start.agent_id, AbsenceFound)
            if found.since is not None and found.ends_at is not None:
                await self._wait_until(found.ends_at)
                if not self._looks_again:
                    await self._give_back(start.agent_id, found.since)
            if not self._looks_again:
                return
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(start)

    async def _wait_until(self, ends_at: datetime) -> None:
        left = ends_at - workflow.now()
        if left > timedelta():
            try:
                await workflow.wait_condition(lambda: self._looks_again, timeout=left)
            except TimeoutError:
                return

    async def _give_back(self, agent_id: str, since: datetime) -> None:
        after: str = await in_this_task("end_absence", EndAbsence(agent_id, since), str)
        while after:
            await workflow.sleep(_PAUSE)
            after = await in_this_task("end_absence", EndAbsence(agent_id, since, after), str)
