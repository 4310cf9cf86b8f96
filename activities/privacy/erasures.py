"""The steps of an erasure. Each may be done again, and begins with what the request's row remembers."""

import asyncio
from collections.abc import Iterable
from contextlib import closing

from sqlmodel import Session
from temporalio import activity
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.common.heartbeat import heartbeating
from activities.privacy.file_erasure import FileErasure
from base import clock
from base.log import get_logger
from base.secret_scopes import erased_person_place
from base.settings import Settings
from messenger.graph.client import GraphClient
from messenger.graph.errors import GraphError
from messenger.graph.page_credentials import AppCredentials, open_app_credentials
from store.conversations import messages
from store.db import free_space
from store.db.database import Database
from store.inbox.inbox_events import newest_inbox_id
from store.privacy import delete_customer as erasing
from store.privacy import erasures
from store.privacy import redact_inbox as erased_inbox
from store.privacy.erasures import Outcome, Target
from store.tables import Erasure
from workflows.messages import ErasureTarget, FindPeople, conversation_workflow_id

_log = get_logger("activities")


class ErasureActivities:
    """The erasure workflow's side effects."""

    def __init__(
        self,
        database: Database,
        client: Client,
        graph: GraphClient,
        settings: Settings,
        files: FileErasure,
    ) -> None:
        self._database = database
        self._client = client
        self._graph = graph
        self._settings = settings
        self._files = files

    @activity.defn(name="find_people")
    async def find_people(self, request: FindPeople) -> list[ErasureTarget]:
        """Name the customers that are meant, once: who writes later was not meant."""
        erasure = await self._database.write(lambda session: erasures.begin(session, request.erasure_id))
        if erasure.customers is None:
            people, outcome = await self._people(erasure, ask_meta=request.ask_meta)
            await self._database.write(lambda session: self._name(session, erasure, people, outcome))
        return [
            ErasureTarget(request.erasure_id, each.page_id, each.customer_id)
            for each in await self._targets(request.erasure_id)
        ]

    @activity.defn(name="sends_under_way")
    async def sends_under_way(self, target: ErasureTarget) -> bool:
        """Whether an attempt to send to the customer has begun and not ended."""
        return await self._database.read(
            lambda session: messages.is_one_being_sent(session, target.customer_id)
        )

    @activity.defn(name="stop_conversation")
    async def stop_conversation(self, target: ErasureTarget) -> None:
        """End the thread's open run, wherever it stands."""
        workflow_id = conversation_workflow_id(target.page_id, target.customer_id)
        try:
            await self._client.get_workflow_handle(workflow_id).terminate(reason="The customer is erased.")
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise

    @activity.defn(name="erase_files")
    async def erase_files(self, target: ErasureTarget) -> None:
        """Delete the customer's stored files; before the rows, which know their places."""
        async with heartbeating():
            deleted = await self._files(target.customer_id)
        if deleted:
            await self._count(target.erasure_id, "files", deleted)

    @activity.defn(name="erase_rows")
    async def erase_rows(self, target: ErasureTarget) -> None:
        """Delete the customer's rows."""
        await self._database.write(
            lambda session: erasing.erase_customer(session, target.erasure_id, target.customer_id)
        )

    @activity.defn(name="erase_late_files")
    async def erase_late_files(self, target: ErasureTarget) -> None:
        """Delete what was stored between the other files and the rows; what comes later finds no row."""
        person = await self._target(target)
        if person is not None:
            async with heartbeating():
                await self._files.delete(person.late_files)

    @activity.defn(name="erase_inbox")
    async def erase_inbox(self, target: ErasureTarget) -> None:
        """Empty the person's events in the inbox, and forget where they were set aside."""
        person = await self._target(target)
        if person is None:
            return
        with closing(Database(self._settings.inbox_url)) as inbox:
            async with heartbeating():
                newest = await inbox.read(newest_inbox_id)
                for after in range(0, newest + 1, erased_inbox.SCANNED_AT_ONCE):
                    await self._empty(inbox, target.erasure_id, person, after)

    @activity.defn(name="clear_free_space")
    async def clear_free_space(self, erasure_id: str) -> None:
        """Leave no words in free pages and logs of the embedded databases; PostgreSQL has its own vacuum."""
        if self._settings.database_url is not None:
            return
        people = await self._targets(erasure_id)
        async with heartbeating():
            await asyncio.to_thread(self._clear_files, people)

    @activity.defn(name="erase_histories")
    async def erase_histories(self, target: ErasureTarget) -> int:
        """Delete every run of the thread's conversation, open ones too. Returns how many there were."""
        workflow_id = conversation_workflow_id(target.page_id, target.customer_id)
        try:
            runs = [run async for run in self._client.list_workflows(f"WorkflowId = '{workflow_id}'")]
        except RPCError as error:
            if error.status is not RPCStatusCode.UNIMPLEMENTED:
                raise
            # The test server of time travel lists and deletes nothing; its histories end with its process.
            _log.warning("histories_not_erased", erasure_id=target.erasure_id, reason="engine cannot list")
            return 0
        for run in runs:
            await self._delete_run(workflow_id, run.run_id)
        await self._database.write(
            lambda session: erasures.note_histories(
                session, target.erasure_id, target.customer_id, [run.run_id for run in runs]
            )
        )
        return len(runs)

    @activity.defn(name="finish_erasure")
    async def finish_erasure(self, erasure_id: str) -> None:
        """Empty what the request remembered of the person; the audit line stays."""
        await self._database.write(lambda session: erasures.finish(session, erasure_id, clock.now()))
        _log.info("erasure_done", erasure_id=erasure_id)

    async def _people(
        self, erasure: Erasure, *, ask_meta: bool
    ) -> tuple[list[tuple[str | None, str]], Outcome | None]:
        """The PSIDs that the request's id may stand for, and why it may be all in vain.

        A person who never signed in to the app has no other id than the PSID: Meta's callback, if it comes
        for such a one, names that. All others Meta must match: it does where app and page are of one
        business.
        """
        if erasure.subject is None:
            return [], None
        user_id = self._settings.vault.open(erasure.subject, erased_person_place(erasure.id))
        people: list[tuple[str | None, str]] = [(None, user_id)]
        app = await self._database.read(lambda session: self._app_of(session, erasure))
        if app is None or not ask_meta:
            return people, Outcome.NOT_MATCHED
        try:
            return [*people, *await self._graph.page_scoped_ids(app, user_id)], None
        except GraphError as error:
            if error.is_transient_failure:
                raise
            _log.warning("person_not_matched", erasure_id=erasure.id, reason=error.reason, code=error.code)
            return people, Outcome.NOT_MATCHED

    def _app_of(self, session: Session, erasure: Erasure) -> AppCredentials | None:
        account = erasures.account_of(session, erasure)
        if account is None:
            return None
        return open_app_credentials(self._settings.vault, account)

    def _name(
        self,
        session: Session,
        erasure: Erasure,
        people: Iterable[tuple[str | None, str]],
        outcome: Outcome | None,
    ) -> None:
        row = session.get_one(Erasure, erasure.id, with_for_update=True)
        if row.customers is not None:
            return
        customers = erasures.customers_of_account(session, row.account_id or "", people)
        row.outcome = None if customers or outcome is None else outcome.value
        erasures.mark(session, self._settings.vault, row, customers, clock.now())

    async def _targets(self, erasure_id: str) -> list[Target]:
        return await self._database.read(
            lambda session: erasures.targets_of(session, self._settings.vault, erasure_id)
        )

    async def _target(self, target: ErasureTarget) -> Target | None:
        people = await self._targets(target.erasure_id)
        return next((each for each in people if each.customer_id == target.customer_id), None)

    async def _empty(self, inbox: Database, erasure_id: str, person: Target, after: int) -> None:
        found = await inbox.read(
            lambda session: erased_inbox.traces(
                session, person.page_id, person.psid, person.positions, after=after
            )
        )
        if not found:
            return
        own = [each.inbox_id for each in found if each.is_own]
        await self._database.write(lambda session: erasing.forget_inbox_events(session, erasure_id, own))
        await inbox.write(lambda session: erased_inbox.empty(session, found))
        await self._count(erasure_id, "inbox_event", len(found))

    def _clear_files(self, people: list[Target]) -> None:
        store, inbox = (self._settings.data_dir / name for name in ("pagedesk.db", "inbox.db"))
        # First what may be busy at once: the store is not to be written anew once more for it.
        free_space.cut_log(inbox, free_space.INBOX_PATIENCE_SECONDS)
        # The inbox only grows at its end, so hardly ever is anything left, unless the person wrote again.
        if any(free_space.holds(inbox, person.psid.encode()) for person in people):
            free_space.ask_for_rewrite(inbox)
        free_space.rewrite(store)
        free_space.cut_log(store)

    async def _delete_run(self, workflow_id: str, run_id: str) -> None:
        request = DeleteWorkflowExecutionRequest(
            namespace=self._client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id),
        )
        try:
            await self._client.workflow_service.delete_workflow_execution(request)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise

    async def _count(self, erasure_id: str, what: str, number: int) -> None:
        await self._database.write(lambda session: erasures.add_counts(session, erasure_id, {what: number}))
