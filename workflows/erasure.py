"""The erasure of a person: everything that is kept of them, step by step, each of which may be repeated.

First nothing more is sent and what is under way comes to its end; then the thread's conversation is stopped;
then files, rows, inbox copies and histories go. A worker that dies in the middle is followed by another.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from workflows.messages import (
        ERASURE_WORKFLOW,
        ErasureInput,
        ErasureTarget,
        FindPeople,
        require_known_schema,
    )

_STEP_TIMEOUT = timedelta(minutes=5)
_LONG_STEP_TIMEOUT = timedelta(hours=2)
_SILENCE = timedelta(seconds=30)
_META_TIMEOUT = timedelta(days=3)
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5))

MAX_SEND_DURATION = timedelta(seconds=35)
"""No attempt to send lasts longer than 30 seconds."""

_LOOK_EVERY = timedelta(seconds=1)
_LOOK_AGAIN = timedelta(seconds=3)
_CALM_LOOKS = 2
_MAX_LOOKS = 100
"""A signal that was on its way may start one more run; deletion is done a moment after it is asked for."""


@workflow.defn(name=ERASURE_WORKFLOW)
class ErasureWorkflow:
    """The shell of one request."""

    @workflow.run
    async def run(self, start: ErasureInput) -> None:
        """Erase, and leave the audit line."""
        require_known_schema(start.schema_version)
        targets = await self._find(start.erasure_id)
        for target in targets:
            await self._let_sends_end(target)
            await self._step("stop_conversation", target)
            await self._long_step("erase_files", target)
            await self._step("erase_rows", target)
            await self._long_step("erase_late_files", target)
            await self._long_step("erase_inbox", target)
        if targets:
            await self._long_step("clear_free_space", start.erasure_id)
        for target in targets:
            await self._erase_histories(target)
        await self._step("finish_erasure", start.erasure_id)

    async def _find(self, erasure_id: str) -> list[ErasureTarget]:
        try:
            return await self._people(FindPeople(erasure_id), _META_TIMEOUT)
        except ActivityError:
            return await self._people(FindPeople(erasure_id, ask_meta=False), None)

    async def _people(self, request: FindPeople, patience: timedelta | None) -> list[ErasureTarget]:
        found: list[ErasureTarget] = await workflow.execute_activity(
            "find_people",
            request,
            result_type=list[ErasureTarget],
            start_to_close_timeout=_STEP_TIMEOUT,
            schedule_to_close_timeout=patience,
            retry_policy=_RETRY,
        )
        return found

    async def _let_sends_end(self, target: ErasureTarget) -> None:
        """Wait for the outcome of what is under way; an attempt that was lost with its worker has none."""
        until = workflow.now() + MAX_SEND_DURATION
        while workflow.now() < until:
            under_way: bool = await workflow.execute_activity(
                "sends_under_way",
                target,
                result_type=bool,
                start_to_close_timeout=_STEP_TIMEOUT,
                retry_policy=_RETRY,
            )
            if not under_way:
                return
            await workflow.sleep(_LOOK_EVERY)

    async def _erase_histories(self, target: ErasureTarget) -> None:
        calm = 0
        for _ in range(_MAX_LOOKS):
            runs: int = await workflow.execute_activity(
                "erase_histories",
                target,
                result_type=int,
                start_to_close_timeout=_STEP_TIMEOUT,
                retry_policy=_RETRY,
            )
            calm = calm + 1 if runs == 0 else 0
            if calm == _CALM_LOOKS:
                return
            await workflow.sleep(_LOOK_AGAIN)
        workflow.logger.error("Temporal still shows runs of an erased thread.")

    async def _step(self, name: str, argument: ErasureTarget | str) -> None:
        await workflow.execute_activity(
            name, argument, start_to_close_timeout=_STEP_TIMEOUT, retry_policy=_RETRY
        )

    async def _long_step(self, name: str, argument: ErasureTarget | str) -> None:
        await workflow.execute_activity(
            name,
            argument,
            start_to_close_timeout=_LONG_STEP_TIMEOUT,
            heartbeat_timeout=_SILENCE,
            retry_policy=_RETRY,
        )
