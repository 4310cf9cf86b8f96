"""The baseline of offers: the least way by Temporal, a signal that has a local activity done."""

from datetime import timedelta

from temporalio import workflow

BARE_TASK_QUEUE = "bare-signal"
BARE_WORKFLOW = "bare_signal"
BARE_SIGNAL = "tell"
BARE_ACTIVITY = "bare_note"

_NOTE_TIMEOUT = timedelta(seconds=10)


@workflow.defn(name=BARE_WORKFLOW)
class BareSignalWorkflow:
    """Has each signal noted."""

    @workflow.init
    def __init__(self) -> None:
        self._waiting: list[str] = []

    @workflow.run
    async def run(self) -> None:
        """Go on for as long as the server lets the history grow."""
        while not workflow.info().is_continue_as_new_suggested():
            await workflow.wait_condition(lambda: bool(self._waiting))
            note = self._waiting.pop(0)
            await workflow.execute_local_activity(BARE_ACTIVITY, note, start_to_close_timeout=_NOTE_TIMEOUT)

    @workflow.signal(name=BARE_SIGNAL)
    def tell(self, note: str) -> None:
        """Something to note."""
        self._waiting.append(note)
