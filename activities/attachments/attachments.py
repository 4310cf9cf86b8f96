"""Fetching the files of a customer's message: checked, scanned, kept, or refused with a reason.

Each try is counted before it is made: a file that takes the worker with it is tried a few times and then set
aside. The files of a message are fetched one after the other, so that no other is counted for it.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import IO

from sqlmodel import Session
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.common.heartbeat import heartbeating
from activities.common.page_credentials import page_credentials
from base import clock, failpoints
from base.log import get_logger
from base.secrets import Vault
from base.settings import Settings
from domain.attachments.file_types import name_for
from domain.attachments.refusals import FileReason, FileState
from domain.workstreams.conversation_settings import AutomatedTrigger
from messenger.graph.client import GraphClient
from messenger.graph.errors import GraphError
from messenger.graph.results import GraphUnavailable
from messenger.media.media import FileNotFetchedError, FileRefusedError, MediaFetcher
from messenger.webhooks.internal_events import files_refused
from messenger.webhooks.webhook import WebhookEvent
from store.attachments import rows as attachments
from store.attachments.file_checks import FileChecks, ScannerUnsureError
from store.attachments.object_store import FileStore, FileStoreError
from store.attachments.rows import KeptFile
from store.conversations.messages import thread_address
from store.db.database import Database
from store.tables import Attachment, Message, Page
from workflows.messages import TellRefused

StoreEvents = Callable[[str, list[WebhookEvent]], Awaitable[None]]
"""Puts events of an account into the inbox; returns when they are durable."""

_log = get_logger("activities")


class AttachmentActivities:
    """What the files workflow does."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        graph: GraphClient,
        fetcher: MediaFetcher,
        store_events: StoreEvents,
    ) -> None:
        self._database = database
        self._files = FileStore(settings.files_url)
        self._fetcher = fetcher
        self._checks = FileChecks(settings)
        self._graph = graph
        self._vault: Vault = settings.vault
        self._store_events = store_events

    @activity.defn(name="fetch_files")
    async def fetch_files(self, message_id: str) -> AutomatedTrigger | None:
        """Fetch what is pending of a message's files; what the customer is to be told of the others.

        Those of a message that was taken back are deleted. Fails, to be tried again, while one is pending.
        """
        files = await self._database.read(lambda s: attachments.files_of(s, message_id))
        async with heartbeating():
            settled = [await self._settle(file.id) for file in files]
            settled.append(await self._deleted_if_taken_back(message_id))
        if not all(settled):
            raise ApplicationError("Some files are still to be fetched or deleted.", type="not_yet")
        return await self._database.read(lambda s: _told(s, message_id))

    @activity.defn(name="tell_refused_files")
    async def tell_refused_files(self, request: TellRefused) -> None:
        """Put it into the inbox, behind the message. Fails, to be tried again, while that is away."""
        address = await self._database.read(lambda s: thread_address(s, request.message_id))
        if address is None:  # the customer was erased
            return
        at_ms = int(clock.now().timestamp() * 1000)
        event = files_refused(address.page_id, address.psid, request.message_id, request.trigger, at_ms=at_ms)
        await self._store_events(address.account_id, [event])

    async def _settle(self, file_id: str) -> bool:
        """Make one try; whether the file needs none any more."""
        file = await self._database.write(lambda s: _begin(s, file_id, clock.now()))
        if file is None:
            return True
        failpoints.reach("files.trying")
        try:
            kept = await self._take(file)
        except FileRefusedError as error:
            return await self._give_up(file, error)
        except asyncio.CancelledError:  # the worker is being stopped
            await self._database.write(lambda s: attachments.not_tried(s, file_id))
            raise
        except FileStoreError as error:
            _log.warning("attachment_store_unavailable", attachment_id=file_id, error=str(error))
            await self._database.write(lambda s: attachments.not_tried(s, file_id))
            return False
        if not await self._database.write(lambda s: attachments.keep_file(s, file_id, kept, clock.now())):
            await self._files.delete(kept.store_key)
        return True

    async def _deleted_if_taken_back(self, message_id: str) -> bool:
        """Delete what the attachment store may have of a message that was taken back; whether it is done."""
        for file in await self._database.read(lambda s: attachments.files_of(s, message_id)):
            if file.state != FileState.DELETED:
                continue
            try:
                await self._files.delete(attachments.store_key(file))
            except FileStoreError as error:
                _log.warning("attachment_store_unavailable", attachment_id=file.id, error=str(error))
                return False
            await self._database.write(partial(attachments.deleted, attachment_id=file.id))
        return True

    async def _give_up(self, file: Attachment, error: FileRefusedError) -> bool:
        """Refuse a file that did not come; False where it may come yet."""
        reason, may_come = error.reason, isinstance(error, FileNotFetchedError)
        if reason is FileReason.LINK_EXPIRED:
            try:
                if await self._has_new_link(file):
                    return False
            except GraphUnavailable:
                may_come = True
        if may_come:
            return not await self._database.write(
                lambda s: attachments.try_again(s, file.id, reason, clock.now())
            )
        await self._database.write(lambda s: attachments.refuse_file(s, file.id, reason, clock.now()))
        return True

    async def _take(self, file: Attachment) -> KeptFile:
        """Fetch, check and keep one file. Raises what `_settle` handles."""
        # Without a name, so that what a dying worker leaves is gone with it.
        with tempfile.TemporaryFile() as fetched:
            got = await self._fetcher.fetch(file.url or "", fetched)
            content_type = await self._judge(file, fetched)
            key = attachments.store_key(file)
            await self._files.put(key, fetched)
        name = name_for(file.name or file.kind, content_type)
        return KeptFile(name, got.size, content_type, got.sha256, key)

    async def _judge(self, file: Attachment, fetched: IO[bytes]) -> str:
        try:
            judged = await self._checks.judge_inbound(file.kind, file.name or "", fetched)
        except ScannerUnsureError as error:
            raise FileNotFetchedError(FileReason.SCAN_FAILED) from error
        if isinstance(judged, FileReason):
            raise FileRefusedError(judged)
        return judged

    async def _has_new_link(self, file: Attachment) -> bool:
        """Ask Meta once for a new link in place of one that has expired. Raises GraphUnavailable."""
        if file.refreshed or file.message_id is None or file.page_id is None:
            return False
        mid, credentials = await self._database.read(
            lambda s: (
                s.get_one(Message, file.message_id).mid,
                page_credentials(s, self._vault, file.page_id or ""),
            )
        )
        try:
            links = await self._graph.file_links(credentials, mid) if mid else ()
        except GraphError as error:
            if error.is_transient_failure:
                raise GraphUnavailable(error.reason) from error
            _log.info("no_new_link", attachment_id=file.id, error=str(error))
            links = ()
        link = links[file.position] if file.position < len(links) else None
        renewed = link if link != file.url else None
        await self._database.write(lambda s: attachments.renew_link(s, file.id, renewed))
        return renewed is not None


def _begin(session: Session, file_id: str, at: datetime) -> Attachment | None:
    """Count a try, unless the page's switch for customers' files was turned off since theirs came."""
    file = session.get(Attachment, file_id)
    page = session.get(Page, file.page_id) if file else None
    if file is None or page is None:
        return None
    message = session.get(Message, file.message_id)
    if not page.attachments_for_customers and (message is None or message.direction == "inbound"):
        attachments.refuse_file(session, file_id, FileReason.DISABLED, at)
        return None
    return attachments.begin_try(session, file_id, at)


def _told(session: Session, message_id: str) -> AutomatedTrigger | None:
    message = session.get(Message, message_id)
    if message is None or message.standby or message.direction != "inbound":
        return None
    return attachments.told_about(attachments.files_of(session, message_id))
