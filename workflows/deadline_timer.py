"""The one durable timer of a conversation."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

from temporalio import workflow


class DeadlineTimer:
    """Wakes the run at the next deadline."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._at: datetime | None = None
        self._answer_id: str | None = None

    @property
    def has_fired(self) -> bool:
        """Whether its instant has come."""
        return self._task is not None and self._task.done()

    def arm(self, deadline: datetime | None, awaited: Mapping[str, datetime]) -> None:
        """Keep it; only an earlier deadline replaces it, or the answer that it was for.

        `awaited`: the answers that have deadlines, by the id of the offer or invitation. Its timer is over in
        two events if it is cancelled, and in five if it fires for nothing.
        """
        if self.has_fired:
            self._task = None
        is_settled = self._answer_id is not None and self._answer_id not in awaited
        if self._task is not None and is_settled:
            self._task.cancel()
            self._task = None
        if deadline is None:
            return
        if self._task is not None:
            if self._at is not None and self._at <= deadline:
                return
            self._task.cancel()
        self._answer_id = next((each for each, until in awaited.items() if until == deadline), None)
        self._at = deadline
        self._task = asyncio.create_task(workflow.sleep(deadline - workflow.now()))
