"""Whether the rows of a desk tell what its workflows answer of themselves."""

from collections.abc import Iterator
from typing import Any

from sqlmodel import Session, col, select
from temporalio import workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    Replayer,
    UnsandboxedWorkflowRunner,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from base.converter import data_converter
from base.settings import Settings
from domain.conversations.state import Conversation, ThreadState
from store import tables
from store.conversations.state_versions import readable
from store.db.database import Database
from workflows.conversation import ConversationWorkflow
from workflows.messages import conversation_workflow_id

_COMPARED = ("conversation", "last_closed", "survey", "held", "applied_commands", "version")


async def disagreements(settings: Settings, temporal_address: str) -> list[str]:
    """Each row that differs from what its thread's newest run knows; each run that is not at rest."""
    client = await Client.connect(temporal_address, data_converter=data_converter)
    database = Database(settings.store_url)
    try:
        threads = await database.read(lambda session: list(session.exec(select(tables.Thread)).all()))
        found = []
        for thread in threads:
            handle = client.get_workflow_handle(conversation_workflow_id(thread.page_id, thread.customer_id))
            try:
                state = await _known_state(handle)
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    continue  # nobody has written to it yet
                raise
            if isinstance(state, str):
                found.append(f"thread {thread.customer_id}: {state}")
                continue
            found += await database.read(
                lambda session, thread=thread, state=state: list(_compared(session, thread, state))  # type: ignore[misc]  # bound now
            )
        return found
    finally:
        database.close()


async def _known_state(handle: WorkflowHandle[Any, Any]) -> ThreadState | str:
    """What a run's query answers, by replaying its history; or why it is not at rest.

    The run itself is not asked: a query of a run with a signal that no task has taken up yet wedges it, see
    docs/reference/upstream.md.
    """
    if (await handle.describe()).raw_description.HasField("pending_workflow_task"):
        return "has a task to do"
    runs: list[ConversationWorkflow] = []
    replayer = Replayer(
        workflows=[ConversationWorkflow],
        data_converter=data_converter,
        interceptors=[_KeepsRuns(runs)],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    history = await handle.fetch_history()
    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    return (
        runs[0].state() if result.replay_failure is None else f"cannot be replayed: {result.replay_failure}"
    )


class _KeepsRuns(Interceptor):
    """Hands out the workflow objects that are replayed."""

    def __init__(self, runs: list[ConversationWorkflow]) -> None:
        self._runs = runs

    def workflow_interceptor_class(
        self, _: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor]:
        """One that keeps the object when its run begins."""
        runs = self._runs

        class Keeping(WorkflowInboundInterceptor):
            async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002 - the SDK's name
                runs.append(workflow.instance())
                return await super().execute_workflow(input)

        return Keeping


def _compared(session: Session, thread: tables.Thread, state: ThreadState) -> Iterator[str]:
    converter = data_converter.payload_converter
    written: ThreadState = converter.from_payload(
        converter.to_payloads([readable(thread.state or {})])[0], ThreadState
    )
    for name in _COMPARED:
        if getattr(written, name) != getattr(state, name):
            yield f"thread {thread.customer_id}: {name}: {getattr(written, name)} != {getattr(state, name)}"
    known = [each for each in (state.conversation, state.last_closed) if each is not None]
    yield from _compared_conversations(session, thread.customer_id, known)
    live = {each.session.id for each in known if each.session is not None}
    open_sessions = set(
        session.exec(
            select(tables.AgentSession.id)
            .join(
                tables.Conversation, col(tables.Conversation.id) == col(tables.AgentSession.conversation_id)
            )
            .where(
                tables.Conversation.customer_id == thread.customer_id,
                col(tables.AgentSession.closed_at).is_(None),
            )
        )
    )
    if open_sessions != live:
        yield f"thread {thread.customer_id}: open sessions {open_sessions} != {live}"
    waiting = session.exec(
        select(tables.Message.id).where(
            tables.Message.customer_id == thread.customer_id,
            tables.Message.status == "queued",
            tables.Message.attempt == 0,
        )
    )
    for message_id in set(waiting) - {send.message_id for send in state.outbox}:
        yield f"thread {thread.customer_id}: message {message_id} waits and nobody sends it"


def _compared_conversations(session: Session, customer_id: str, known: list[Conversation]) -> Iterator[str]:
    rows = session.exec(
        select(tables.Conversation).where(tables.Conversation.customer_id == customer_id)
    ).all()
    told = {
        row.id: (row.status, row.agent_id, row.session_id)
        for row in rows
        if row.status != "closed" or row.id in {each.id for each in known}
    }
    so = {
        each.id: (each.status.value, each.agent_id, each.session.id if each.session else None)
        for each in known
    }
    if told != so:
        yield f"thread {customer_id}: conversations {told} != {so}"
