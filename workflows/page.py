"""The durable life of a page: provisioned until it is Running, then looked after."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from workflows.messages import (
        CHECK_SIGNAL,
        PAGE_WORKFLOW,
        SETTINGS_SIGNAL,
        PageReport,
        PageWorkflowInput,
        require_known_schema,
    )

_CHECK_TIMEOUT = timedelta(seconds=60)
# A worker that dies with a check in hand delays by this much what waits for it: a new token, say.
_CHECK_HEARTBEAT_TIMEOUT = timedelta(seconds=5)
_WAKE_TIMEOUT = timedelta(hours=1)
_WAKE_HEARTBEAT_TIMEOUT = timedelta(seconds=10)
_FILL_TIMEOUT = timedelta(minutes=10)
_FILL_HEARTBEAT_TIMEOUT = timedelta(seconds=30)
_FILL_RETRY = RetryPolicy(maximum_attempts=3)
_CHECK_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5))

PROBLEM_INTERVAL = timedelta(minutes=1)


@workflow.defn(name=PAGE_WORKFLOW)
class PageWorkflow:
    """Checks a page at its start, when asked, and at intervals; ends when the page is deleted.

    Beside that it tells the page's conversations of changed settings.
    """

    @workflow.init
    def __init__(self, start: PageWorkflowInput) -> None:
        self._page_id = start.page_id
        self._asked = False
        self._settings_version = 0
        self._told_settings_version = 0

    @workflow.run
    async def run(self, start: PageWorkflowInput) -> None:
        """Check and sleep, until the page is gone."""
        require_known_schema(start.schema_version)
        broadcast = asyncio.create_task(self._broadcast_settings())
        try:
            await self._keep_checked(start)
        finally:
            broadcast.cancel()

    async def _keep_checked(self, start: PageWorkflowInput) -> None:
        while True:
            self._asked = False
            report = await workflow.execute_activity(
                "check_page",
                start.page_id,
                result_type=PageReport,
                start_to_close_timeout=_CHECK_TIMEOUT,
                heartbeat_timeout=_CHECK_HEARTBEAT_TIMEOUT,
                retry_policy=_CHECK_RETRY,
            )
            if report.deleted and not self._asked:
                return
            if report.releases:
                await workflow.execute_activity(
                    "wake_held",
                    start.page_id,
                    start_to_close_timeout=_WAKE_TIMEOUT,
                    heartbeat_timeout=_WAKE_HEARTBEAT_TIMEOUT,
                    retry_policy=_CHECK_RETRY,
                )
            if report.gap:
                await self._fill_gap()
            well = report.running and not report.gap
            await self._sleep(timedelta(seconds=report.check_every) if well else PROBLEM_INTERVAL)
            if workflow.info().is_continue_as_new_suggested() and not self._settings_are_untold:
                workflow.continue_as_new(PageWorkflowInput(self._page_id))

    @workflow.signal(name=CHECK_SIGNAL)
    def check(self) -> None:
        """Check now: settings or token changed, or Meta said something about the page."""
        self._asked = True

    @workflow.signal(name=SETTINGS_SIGNAL)
    def settings_changed(self, version: int) -> None:
        """The page's settings have this version now."""
        self._settings_version = max(self._settings_version, version)

    @property
    def _settings_are_untold(self) -> bool:
        return self._settings_version > self._told_settings_version

    async def _broadcast_settings(self) -> None:
        """Tell conversations whenever settings have changed; a check that takes long keeps nobody waiting."""
        while True:
            await workflow.wait_condition(lambda: self._settings_are_untold)
            version = self._settings_version
            await workflow.execute_activity(
                "tell_settings_changed",
                self._page_id,
                start_to_close_timeout=_WAKE_TIMEOUT,
                heartbeat_timeout=_WAKE_HEARTBEAT_TIMEOUT,
                retry_policy=_CHECK_RETRY,
            )
            self._told_settings_version = version

    async def _fill_gap(self) -> None:
        """Read what was missed, as far as it goes: the next check finds whether the gap is closed."""
        try:
            await workflow.execute_activity(
                "fill_gap",
                self._page_id,
                start_to_close_timeout=_FILL_TIMEOUT,
                heartbeat_timeout=_FILL_HEARTBEAT_TIMEOUT,
                retry_policy=_FILL_RETRY,
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            workflow.logger.warning("gap_not_filled")

    async def _sleep(self, length: timedelta) -> None:
        try:
            await workflow.wait_condition(lambda: self._asked, timeout=length)
        except TimeoutError:
            return
