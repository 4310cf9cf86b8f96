"""Enforcing the retention periods of `docs/privacy.md`. Interrupted anywhere, it goes on at the next run."""

from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial

from sqlmodel import Session
from temporalio import activity

from activities.common.activity_time import activity_clock
from activities.common.heartbeat import heartbeating
from base.log import get_logger
from base.settings import Settings
from store.attachments.object_store import FileStore
from store.db.database import Database
from store.inbox import relay_shares
from store.privacy import retention
from store.reports import daily
from workflows.messages import RetentionReport

_log = get_logger("activities")


class RetentionActivities:
    """The retention workflow's side effects."""

    def __init__(self, database: Database, files: FileStore, settings: Settings) -> None:
        self._database = database
        self._files = files
        self._settings = settings

    @activity.defn(name="enforce_retention")
    async def enforce_retention(self, inbox_position: int) -> RetentionReport:
        """Delete what is older than its period. Up to `inbox_position` the inbox has been looked through."""
        now = activity_clock()()
        deleted: dict[str, int] = {}
        async with heartbeating():
            with closing(Database(self._settings.inbox_url)) as inbox:
                position, deleted["inbox_event"] = await self._empty_inbox(inbox, inbox_position, now)
                deleted["unrouted_event"] = await self._forget_unrouted(inbox, now)
            for name, days, delete in (
                ("event", self._settings.retention_event_days, retention.delete_old_events),
                ("opening", self._settings.retention_opening_days, retention.delete_old_openings),
                (
                    "idempotency_record",
                    self._settings.retention_idempotency_days,
                    retention.delete_old_idempotency_records,
                ),
                ("sign_in", self._settings.retention_sign_in_days, retention.delete_old_sign_ins),
                ("attachment_upload", 0, retention.delete_old_meta_ids),
            ):
                deleted[name] = await self._repeat(partial(delete, before=now - timedelta(days=days)))
            await self._sum_up_days(now)
            for name, delete_batch in (
                ("queue_stay", retention.delete_summed_stays),
                ("presence_change", retention.delete_summed_presence),
                ("slot", retention.delete_summed_slots),
            ):
                deleted[name] = await self._repeat(delete_batch)
            deleted["attachment"] = await self._expire_files(now)
            await self._delete_withdrawn_files()
        counts = {name: count for name, count in deleted.items() if count}
        if counts:
            _log.info("retention_enforced", deleted=counts)
        return RetentionReport(position)

    async def _empty_inbox(self, inbox: Database, after: int, now: datetime) -> tuple[int, int]:
        before = now - timedelta(days=self._settings.retention_inbox_days)
        positions = await self._database.read(relay_shares.positions)
        position, emptied = after, 0
        while found := await inbox.read(
            partial(retention.old_inbox_events, after=position, before=before, positions=positions)
        ):
            kept = await self._database.read(partial(retention.set_aside, inbox_ids=found.ids))
            ids = [inbox_id for inbox_id in found.ids if inbox_id not in kept]
            await inbox.write(partial(retention.empty_inbox_events, inbox_ids=ids))
            position, emptied = found.position, emptied + len(ids)
        return position, emptied

    async def _forget_unrouted(self, inbox: Database, now: datetime) -> int:
        before = now - timedelta(days=self._settings.retention_unrouted_days)
        forgotten = 0
        while ids := await self._database.read(partial(retention.old_unrouted_events, before=before)):
            # The content first: once the row is gone, nothing leads to it.
            await inbox.write(partial(retention.empty_inbox_events, inbox_ids=ids))
            forgotten += await self._database.write(partial(retention.forget_unrouted_events, inbox_ids=ids))
        return forgotten

    async def _sum_up_days(self, now: datetime) -> None:
        """Keep the metrics of each day before what they were made of goes."""
        before = now - timedelta(days=self._settings.retention_metrics_days)
        while day := await self._database.read(partial(daily.next_day_to_sum, before=before)):
            sums = await self._database.read(partial(daily.sums_of_day, day=day))
            await self._database.write(partial(daily.keep_sums, day=day, sums=sums, now=now))

    async def _expire_files(self, now: datetime) -> int:
        unused = now - timedelta(days=self._settings.retention_upload_days)
        old = now - timedelta(days=self._settings.retention_file_days)
        return await self._repeat(
            partial(retention.expire_unused_uploads, before=unused, now=now)
        ) + await self._repeat(partial(retention.expire_old_files, before=old, now=now))

    async def _delete_withdrawn_files(self) -> None:
        after = ""
        while files := await self._database.read(partial(retention.files_to_delete, after=after)):
            for attachment_id, key in files:
                await self._files.delete(key)
                await self._database.write(
                    partial(retention.forget_deleted_file, attachment_id=attachment_id)
                )
            after = files[-1][0]

    async def _repeat(self, handle_batch: Callable[[Session], int]) -> int:
        handled = 0
        while count := await self._database.write(handle_batch):
            handled += count
        return handled
