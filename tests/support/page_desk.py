"""One page of the store against a sandbox in this process: checks, fills and sends without an engine."""

import contextlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from sqlmodel import Session, col, select
from temporalio.testing import ActivityEnvironment

from activities.common.page_credentials import page_credentials
from activities.pages.checks import PageActivities
from activities.pages.gap_fill import GapActivities
from api.security.refused_requests import RefusedRequests
from api.webhooks.mount import WebhookMount
from base import clock
from base.settings import Settings
from ingest.events.event_router import route
from ingest.inbox.inbox import inbox_rows, open_inbox
from ingest.inbox.reader import InboxReader
from messenger.graph.client import GraphClient
from messenger.graph.results import Sent
from messenger.webhooks.subscribed_fields import ALL_FIELDS
from messenger.webhooks.webhook import WebhookEvent
from sandbox.app import create_app
from sandbox.config import Config
from sandbox.world import World
from store.db.database import Database
from store.tables import Event, Message, Page, PageHealth, PageSendState
from support.store import ACCOUNT, APP_ID, APP_SECRET, PAGE_A, PUBLIC_URL, TOKEN, make_settings, seed
from workflows.messages import PageReport

META = "http://meta.test"


class PageDesk:
    """A page, its checks, and both sides of the wire. The time is the sandbox's, which a test moves."""

    def __init__(self, settings: Settings, world: World, meta: httpx.AsyncClient) -> None:
        self.settings = settings
        self.store = Database(settings.store_url)
        self.inbox = Database(settings.inbox_url)
        self.world = world
        self.meta = meta
        self.graph = GraphClient(meta, META, "v26.0")
        self.pages = PageActivities(self.store, self.graph, settings)
        self.taking = open_inbox(settings, self.store.signals)
        self.gaps = GapActivities(self.store, self.graph, settings.vault, self.take, pause=self._paused)
        self._reader = InboxReader(self.inbox)
        self._position = 0
        self.pauses: list[float] = []

    async def _paused(self, seconds: float) -> None:
        """No test waits for a page's pace; what it asked for is noted."""
        self.pauses.append(seconds)

    def now(self) -> datetime:
        """The sandbox's time."""
        return clock.from_milliseconds(self.world.clock.now_ms())

    async def control(self, path: str, /, **body: Any) -> Any:
        """Steer the sandbox."""
        answer = await self.meta.post(f"/_sandbox{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def overview(self) -> Any:
        """What there is at Meta."""
        return (await self.meta.get("/_sandbox/overview")).json()

    async def take(self, account_id: str, events: list[WebhookEvent]) -> None:
        """Into the inbox, as the worker puts it there."""
        await self.taking.store(inbox_rows(account_id, events, self.world.clock.now_ms()))

    async def fill(self) -> bool:
        """One run of the fill of the page's gap."""
        return await ActivityEnvironment().run(self.gaps.fill_gap, PAGE_A)

    async def relayed(self) -> int:
        """Route what is new in the inbox into the store; how many events of threads came of it."""
        await self.control("/wait", what="delivered_all", timeout=5)
        told = 0
        while read := await self._reader.after(self._position):
            self._position = read[-1].id or 0
            routed = await self.store.write(partial(route, events=read))
            told += sum(len(thread.events) for thread in routed.threads)
        return told

    async def says(self, psid: str, text: str = "hello", what: str = "say", **more: Any) -> str:
        """A person writes to the page; the mid."""
        body = {"text": text, **more} if what == "say" else more
        return str((await self.control(f"/customers/{PAGE_A}/{psid}/{what}", **body))["mid"])

    async def world_send(self, psid: str, text: str) -> str:
        """The page sends a message by the Graph API; the mid."""
        credentials = await self.store.read(
            lambda session: page_credentials(session, self.settings.vault, PAGE_A)
        )
        outcome = await self.graph.send(
            credentials,
            psid=psid,
            message={"text": text},
            messaging_type="RESPONSE",
            tag=None,
            metadata="pd1:somebody",
        )
        assert isinstance(outcome, Sent)
        return outcome.mid

    async def unsubscribe(self) -> None:
        """Meta drops the page and tells nobody."""
        await self.control(f"/pages/{PAGE_A}/unsubscribe")

    async def messages(self) -> list[Message]:
        """All messages, in Meta's time."""
        ordered = select(Message).order_by(col(Message.occurred_at), col(Message.thread_seq))
        return await self.store.read(lambda session: list(session.exec(ordered).all()))

    async def check(self) -> PageReport:
        """One check of the page."""
        return await self.pages.check_page(PAGE_A)

    async def after(self, length: timedelta) -> PageReport:
        """A check when so much time has passed."""
        await self.control("/clock", advance_seconds=length.total_seconds())
        return await self.check()

    async def page(self) -> Page:
        """The page's row."""
        return await self.store.read(lambda session: session.get_one(Page, PAGE_A))

    async def health(self) -> PageHealth:
        """The row of the page's health."""
        return await self.store.read(lambda session: session.get_one(PageHealth, PAGE_A))

    async def send_state(self) -> PageSendState:
        """The row of the page's sending."""
        return await self.store.read(lambda session: session.get_one(PageSendState, PAGE_A))

    async def change(self, **values: Any) -> None:
        """Change the page's row."""
        await self.store.write(lambda session: session.get_one(Page, PAGE_A).sqlmodel_update(values))

    async def change_health(self, **values: Any) -> None:
        """Change the row of the page's health."""
        await self.store.write(lambda session: session.get_one(PageHealth, PAGE_A).sqlmodel_update(values))

    async def codes(self) -> tuple[list[str], list[str]]:
        """The codes of its problems and of its warnings."""
        health = await self.health()
        return [each["code"] for each in health.problems], [each["code"] for each in health.warnings]

    async def warnings(self) -> list[str]:
        """The codes of its warnings."""
        return (await self.codes())[1]

    async def told(self, kind: str) -> list[dict[str, Any]]:
        """The data of all events of a kind, in order."""

        def work(session: Session) -> list[dict[str, Any]]:
            found = session.exec(select(Event).where(Event.kind == kind).order_by(col(Event.id))).all()
            return [event.data for event in found]

        return await self.store.read(work)

    async def alarms(self) -> list[str]:
        """The codes of all alarms, in order."""
        return [data["code"] for data in await self.told("page.alarm")]


@contextlib.asynccontextmanager
async def page_desk(data_dir: Path) -> AsyncIterator[PageDesk]:
    """A desk whose page Meta delivers to a webhook of ours, and the inbox behind it."""
    settings = make_settings(data_dir, public_url=PUBLIC_URL)
    store = Database(settings.store_url)
    webhooks = WebhookMount()
    inbox = open_inbox(settings, store.signals)
    webhooks.open(settings, store, inbox, RefusedRequests(store))
    sandbox = create_app(Config(transport=httpx.ASGITransport(webhooks)))
    world: World = sandbox.state.world
    await world.start()
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(sandbox), base_url=META) as meta:
            desk = PageDesk(settings, world, meta)
            await desk.control("/clock", speed=0)
            with clock.taken_from(desk.now):
                await desk.store.write(lambda session: seed(session, settings))
                await _set_up(desk)
                yield desk
            desk.taking.close()
            desk.store.close()
            desk.inbox.close()
    finally:
        await world.close()
        webhooks.close()
        inbox.close()
        store.close()


async def _set_up(desk: PageDesk) -> None:
    # The clock stands still, so all calls of a test fall into one second.
    await desk.control("/settings", limits={"conversations_per_second": 1_000_000})
    app = {"app_id": APP_ID, "app_secret": APP_SECRET, "features": ["human_agent"]}
    callback = f"{PUBLIC_URL}/webhooks/messenger/{ACCOUNT}"
    await desk.control("/apps", **app, callback_url=callback, fields=list(ALL_FIELDS))
    await desk.control(
        "/pages",
        page_id=PAGE_A,
        access_token=TOKEN,
        app_id=APP_ID,
        subscribed_fields=list(ALL_FIELDS),
    )
