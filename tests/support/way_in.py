"""The way in as processes: `pagedesk api` on a real socket and a relay, watched from outside."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
import psutil
from sqlmodel import Session, SQLModel, col, select

from base.ids import id_from_key
from base.settings import Settings
from local.processes.ports import free_port
from local.processes.processes import Child, running
from sandbox import wire
from store.db.database import Database
from store.inbox.inbox_events import newest_inbox_id
from store.inbox.relay_shares import lowest_position
from store.tables import Event, InboxEvent, Message, Opening, UnroutedEvent
from support import children
from support.eventually import eventually
from support.store import ACCOUNT, APP_SECRET

ADMIN_KEY = "way-in-admin-key-for-tests"
Row = TypeVar("Row", bound=SQLModel)


@dataclass(frozen=True)
class Taken:
    """What one delivery has become: its rows in the inbox, and what the relay made of them."""

    events: Sequence[InboxEvent]
    messages: Sequence[Message]
    openings: Sequence[Opening]
    unrouted: Sequence[UnroutedEvent]
    noted: Sequence[Event]

    @property
    def kinds(self) -> list[str]:
        """What the events are, in their order."""
        return [event.kind for event in self.events]

    @property
    def set_aside(self) -> list[tuple[str, str]]:
        """(disposition, reason) of what went to no thread."""
        return [(event.disposition, event.reason) for event in self.unrouted]


@dataclass
class WayIn:
    """Posts deliveries and looks at what they become. Deliveries of one test at a time."""

    settings: Settings
    address: str
    http: httpx.AsyncClient
    children: Mapping[str, Child]
    statuses: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = Database(self.settings.store_url)
        self.inbox = Database(self.settings.inbox_url)

    @property
    def path(self) -> str:
        """Where the account's deliveries go."""
        return f"/webhooks/messenger/{ACCOUNT}"

    async def get(self, path: str, **params: Any) -> httpx.Response:
        """A GET as the administrator."""
        headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
        return (await self.http.get(path, params=params, headers=headers)).raise_for_status()

    async def post(
        self, body: bytes, headers: Any = None, *, path: str | None = None, secret: str = APP_SECRET
    ) -> httpx.Response:
        """One delivery, signed by Meta's rules unless the headers are given."""
        if headers is None:
            headers = {"Content-Type": "application/json", **wire.signature_headers(body, secret)}
        response = await self.http.post(path or self.path, content=body, headers=headers)
        self.statuses.append(response.status_code)
        return response

    async def take(self, body: bytes, headers: Any = None) -> Taken:
        """Post a delivery that must be answered 200, and wait until the relay has dealt with it."""
        before = await self.newest()
        response = await self.post(body, headers)
        assert (response.status_code, response.text) == (200, "EVENT_RECEIVED")
        return await self.since(before)

    async def refused(self, body: bytes, headers: Any = None, *, status: int = 401) -> None:
        """Post a delivery that must be refused, and see that nothing of it was stored."""
        before = await self.newest()
        assert (await self.post(body, headers)).status_code == status
        assert await self.newest() == before

    async def newest(self) -> int:
        """The id of the newest event in the inbox."""
        return await self.inbox.read(newest_inbox_id)

    async def routed(self) -> None:
        """Return when the relay has read the whole inbox."""
        newest = await self.newest()

        async def look() -> bool:
            return await self.store.read(lowest_position) >= newest

        await eventually(look, within=30)

    async def since(self, before: int) -> Taken:
        """What has come after an event of the inbox, once it is routed."""
        await self.routed()
        after = select(InboxEvent).where(col(InboxEvent.id) > before).order_by(col(InboxEvent.id))
        events = await self.inbox.read(lambda session: session.exec(after).all())
        ids = [event.id or 0 for event in events]

        def work(session: Session) -> Taken:
            made = [id_from_key("inbox", str(id_)) for id_ in ids]
            keys = [f"inbox/{id_}" for id_ in ids]
            return Taken(
                events,
                session.exec(
                    select(Message).where(col(Message.id).in_(made)).order_by(col(Message.thread_seq))
                ).all(),
                session.exec(select(Opening).where(col(Opening.inbox_id).in_(ids))).all(),
                session.exec(select(UnroutedEvent).where(col(UnroutedEvent.inbox_id).in_(ids))).all(),
                session.exec(select(Event).where(col(Event.dedupe_key).in_(keys))).all(),
            )

        return await self.store.read(work)

    async def one(self, model: type[Row], **wanted: Any) -> Row:
        """The one row of the store with these values."""
        statement = select(model).filter_by(**wanted)
        return await self.store.read(lambda session: session.exec(statement).one())

    async def rows(self, model: type[Row], **wanted: Any) -> Sequence[Row]:
        """The rows of the store with these values."""
        statement = select(model).filter_by(**wanted)
        return await self.store.read(lambda session: session.exec(statement).all())

    async def raw(self, *chunks: bytes, pause: float = 0, within: float = 30) -> bytes:
        """What is answered to these bytes, on a connection of their own that the server must end."""
        host, _, port = self.address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            async with asyncio.timeout(within):
                answered = asyncio.create_task(reader.read())
                for chunk in chunks:
                    if answered.done():
                        break
                    writer.write(chunk)
                    with contextlib.suppress(ConnectionError):
                        await writer.drain()
                    await asyncio.wait({answered}, timeout=pause)
                return await answered
        finally:
            writer.close()

    def resident(self) -> int:
        """Bytes of memory that the processes hold."""
        return sum(self._process(child).memory_info().rss for child in self.children.values())

    def alive(self) -> bool:
        """Whether every process still runs."""
        return all(child.exit_status is None for child in self.children.values())

    def logged(self) -> list[dict[str, Any]]:
        """Every line of every log; one that is no JSON as `{"plain": line}`."""
        lines = [
            line for child in self.children.values() for line in child.log.read_text().splitlines() if line
        ]
        return [json.loads(line) if line.startswith("{") else {"plain": line} for line in lines]

    def close(self) -> None:
        """Give the databases back."""
        self.store.close()
        self.inbox.close()

    def _process(self, child: Child) -> psutil.Process:
        assert child._process is not None
        return psutil.Process(child._process.pid)


@contextlib.asynccontextmanager
async def way_in_of(settings: Settings, **environment: str) -> AsyncIterator[WayIn]:
    """The API and a relay over migrated databases, with no engine; `environment` adds to the relay's."""
    port = free_port()
    nobody = f"127.0.0.1:{free_port()}"
    env = children.environment(
        settings, port, PAGEDESK_TEMPORAL_ADDRESS=nobody, PAGEDESK_ADMIN_TOKEN=ADMIN_KEY
    )
    address = f"127.0.0.1:{port}"
    logs = settings.data_dir / "logs"
    async with (
        running(children.api(env), logs) as api_child,
        running(children.relay(env | environment), logs) as relay_child,
        httpx.AsyncClient(base_url=f"http://{address}", timeout=30) as http,
    ):
        way_in = WayIn(settings, address, http, {"api": api_child, "relay": relay_child})
        try:
            yield way_in
        finally:
            way_in.close()
