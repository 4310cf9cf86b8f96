"""All that this Messenger knows: apps, pages, tokens, customers, threads; and the parts that act on them."""

import collections
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from sandbox.changes import Changes
from sandbox.clock import Clock
from sandbox.config import Config
from sandbox.deliveries import Deliveries
from sandbox.delivery import Delivery
from sandbox.faults import Faults
from sandbox.ids import Ids
from sandbox.journal import Journal
from sandbox.ledger import Ledger
from sandbox.limits import RateLimits
from sandbox.model import App, Asset, Customer, Message, Page, Subscription, Thread, Token
from sandbox.settings import Settings
from sandbox.windows import DAY_MS, Window

Record = App | Asset | Customer | Message | Page | Subscription | Thread | Token
Key = tuple[str, str]
# What names a record of each kind in the journal.
KEYS: dict[type[Record], tuple[str, ...]] = {
    App: ("app_id",),
    Asset: ("attachment_id",),
    Customer: ("page_id", "psid"),
    Message: ("mid",),
    Page: ("page_id",),
    Subscription: ("app_id", "page_id"),
    Thread: ("page_id", "psid"),
    Token: ("token",),
}
CONNECTIONS = 200
SKIPPED_KEPT = 200  # events that reached no app, with the reason


class NotHereError(LookupError):
    """No such app, page, customer, thread or message in this sandbox."""


class World:
    """One local Messenger. Change its records, then `save` them: that is what survives a restart."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.journal = Journal(config.state_file)
        starts = int(self.journal.loaded.get(("meta", "starts"), 0)) + 1
        self.ids = Ids(None if config.seed is None else f"{config.seed}/{starts}")
        self.http = httpx.AsyncClient(
            transport=config.transport,
            trust_env=False,
            timeout=None,  # noqa: S113 - each call sets its own bound
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
        )
        self.clock = Clock(config.clock_url, self.http)
        self.meta = Ledger("meta", self.clock, config.ledger_dir)
        self.graph = Ledger("graph", self.clock, config.ledger_dir)
        self.changes = Changes()
        self.calls_under_way = 0
        self.limits = RateLimits()
        self.faults = Faults()
        self.skipped: collections.deque[dict[str, Any]] = collections.deque(maxlen=SKIPPED_KEPT)
        self.settings = Settings()
        self.media_dir: Path | None = (
            None if config.state_file is None else config.state_file.with_suffix(".media")
        )
        self._empty()
        self._load()
        self.journal.put("meta", "starts", starts)
        self.deliveries = Deliveries(self)

    def _empty(self) -> None:
        self.apps: dict[str, App] = {}
        self.pages: dict[str, Page] = {}
        self.tokens: dict[str, Token] = {}
        self.subscriptions: dict[Key, Subscription] = {}
        self.customers: dict[Key, Customer] = {}
        self.threads: dict[Key, Thread] = {}
        self.transcripts: dict[Key, list[Message]] = {}
        self.messages: dict[str, Message] = {}
        self.conversations: dict[str, Key] = {}
        self.user_refs: dict[Key, str] = {}
        self.assets: dict[str, Asset] = {}
        self.media: dict[str, bytes] = {}
        self.engaged: dict[str, int] = {}

    # -- records -----------------------------------------------------------------------------------------

    def save(self, record: Record) -> None:
        """Take a new or changed record in, and remember it over a restart."""
        kind = type(record).__name__
        self._index(record)
        self.journal.put(kind, _key(record), record)

    def _index(self, record: Record) -> None:
        match record:
            case App():
                self.apps[record.app_id] = record
            case Page():
                self.pages[record.page_id] = record
            case Token():
                self.tokens[record.token] = record
            case Subscription():
                self.subscriptions[record.app_id, record.page_id] = record
            case Customer():
                self.customers[record.page_id, record.psid] = record
            case Asset():
                self.assets[record.attachment_id] = record
            case Thread():
                self._index_thread(record)
            case Message():
                if record.mid not in self.messages:
                    self.transcripts.setdefault((record.page_id, record.psid), []).append(record)
                self.messages[record.mid] = record

    def _index_thread(self, thread: Thread) -> None:
        key = (thread.page_id, thread.psid)
        if key not in self.threads:
            self.engaged[thread.page_id] = self.engaged.get(thread.page_id, 0) + 1
            self.conversations[thread.conversation_id] = key
        self.threads[key] = thread

    def save_settings(self) -> None:
        """Remember the settings."""
        self.journal.put("settings", "", self.settings.as_json())

    def save_clock(self) -> None:
        """Remember the clock."""
        self.journal.put("clock", "", self.clock.state())

    def add_user_ref(self, page_id: str, user_ref: str, psid: str) -> None:
        """A checkbox plugin's reference now stands for this person."""
        self.user_refs[page_id, user_ref] = psid
        self.journal.put("user_ref", f"{page_id} {user_ref}", psid)

    # -- look-ups ----------------------------------------------------------------------------------------

    def page(self, page_id: str) -> Page:
        """A page. Raises `NotHereError`."""
        if page_id not in self.pages:
            raise NotHereError(f"no page {page_id}")
        return self.pages[page_id]

    def customer(self, page_id: str, psid: str) -> Customer:
        """A person on a page. Raises `NotHereError`."""
        if (page_id, psid) not in self.customers:
            raise NotHereError(f"page {page_id} has no customer {psid}")
        return self.customers[page_id, psid]

    def thread(self, page_id: str, psid: str) -> Thread:
        """The thread of a known person, begun if need be. Raises `NotHereError`."""
        thread = self.threads.get((page_id, psid))
        if thread is None:
            self.customer(page_id, psid)
            thread = Thread(page_id, psid, conversation_id="t_" + self.ids.number())
            self.save(thread)
        return thread

    def transcript(self, page_id: str, psid: str) -> list[Message]:
        """The messages of a thread, oldest first."""
        return self.transcripts.get((page_id, psid), [])

    def message(self, mid: str) -> Message:
        """A message. Raises `NotHereError`."""
        if mid not in self.messages:
            raise NotHereError(f"no message {mid}")
        return self.messages[mid]

    def owner(self, thread: Thread) -> str | None:
        """The app that controls the thread now; None when idle. Control lapses at `owner_until`."""
        if thread.owner_app_id is not None and self.clock.now_ms() >= thread.owner_until:
            thread.owner_app_id = None
        return thread.owner_app_id

    def give(self, thread: Thread, app_id: str | None, for_ms: int = DAY_MS) -> None:
        """Hand a thread to an app, or to nobody."""
        thread.owner_app_id, thread.owner_until = app_id, self.clock.now_ms() + for_ms
        self.save(thread)

    def add_message(self, message: Message, thread: Thread) -> None:
        """Append to a thread's transcript."""
        thread.updated_ms = message.at_ms
        thread.count += 1
        self.save(message)
        self.save(thread)
        self.changes.notify()

    @contextlib.contextmanager
    def calling(self) -> Iterator[None]:
        """Around a call, from before it reads the clock: it counts as under way."""
        self.calls_under_way += 1
        try:
            yield
        finally:
            self.calls_under_way -= 1

    # -- life --------------------------------------------------------------------------------------------

    def _load(self) -> None:
        records: dict[str, Any] = {kind.__name__: kind for kind in KEYS}
        self._pending: list[Delivery] = []
        for (kind, key), value in self.journal.loaded.items():
            if kind == "Thread":
                value["window"] = Window(**value["window"])
            if kind in records:
                self._index(records[kind](**value))
            elif kind == "settings":
                self.settings.update(value)
            elif kind == "clock":
                self.clock.restore(value)
            elif kind == "user_ref":
                page_id, user_ref = key.split(" ", 1)
                self.user_refs[page_id, user_ref] = value
            elif kind == "delivery":
                self._pending.append(Delivery.from_json(value))
        self.journal.loaded = {}
        if self.media_dir is not None and self.media_dir.exists():
            self.media = {path.name: path.read_bytes() for path in self.media_dir.iterdir()}

    async def start(self) -> None:
        """Go on delivering what the last run left undelivered. Needs a running event loop."""
        self.save_clock()
        with contextlib.suppress(httpx.HTTPError):  # asked again with every call
            await self.clock.refresh()
        pending, self._pending = self._pending, []
        self.deliveries.resume(pending)

    def keep_media(self, attachment_id: str, content: bytes) -> None:
        """Store uploaded bytes."""
        self.media[attachment_id] = content
        if self.media_dir is not None:
            self.media_dir.mkdir(parents=True, exist_ok=True)
            (self.media_dir / attachment_id).write_bytes(content)

    async def reset(self) -> None:
        """Forget everything but the ledgers; the clock goes back to the machine's time."""
        await self.deliveries.close()
        self.journal.clear()
        self.skipped.clear()
        self._empty()
        self.settings = Settings()
        self.limits = RateLimits()
        self.clock.reset()
        self.deliveries = Deliveries(self)
        self.changes.notify()

    async def close(self) -> None:
        """Stop delivering and give files and sockets back. What is pending stays in the state file."""
        await self.deliveries.close()
        await self.http.aclose()
        for part in (self.meta, self.graph, self.journal):
            part.close()


def _key(record: Record) -> str:
    return " ".join(getattr(record, name) for name in KEYS[type(record)])
