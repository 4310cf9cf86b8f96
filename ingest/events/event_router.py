"""From the inbox into the store: which thread an event belongs to, and what it changes there.

One batch is one transaction. What each kind of event does is in `ingest.events.effects`; what it is, in
`messenger.webhooks.catalogue`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from sqlmodel import Session

from base import clock, failpoints
from base.ids import new_id
from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.conversations.state import ThreadEvent
from domain.events.kinds import FactKind
from domain.sending.thread_owner import OwnerKind
from ingest.events.batch_writes import BatchWrites, unrouted_row
from ingest.events.effects import apply_event
from ingest.events.event_context import (
    EventContext,
    append_customer_event,
    append_left_out_fields,
    occurred_at,
)
from ingest.events.first_settings import FirstSettings
from messenger.field_reader import MalformedEvent
from messenger.webhooks.catalogue import WITHOUT_PAGE
from messenger.webhooks.catalogue_row import PAGE_EFFECTS, RAW_EFFECTS, CatalogueRow, Effect
from messenger.webhooks.classify import classify, is_ad
from messenger.webhooks.events import Event, PolicyEnforcement, ReferralData
from messenger.webhooks.internal_events import parse_internal
from messenger.webhooks.parse_event import parse
from messenger.webhooks.webhook import INTERNAL_KINDS, READ_BACK_CHANNELS, EventKind, mid_in_key
from store.conversations.thread_owners import owner_of_thread
from store.customers import profiles
from store.db.sql import insert_or_ignore
from store.events.events import event_row
from store.inbox import batch_reads
from store.pages.findings import note_enforcement
from store.pages.traffic import note_heard
from store.tables import Customer, InboxEvent, Page, PageHealth, Thread, UnroutedEvent
from store.tables.pages import GONE
from workflows.messages import SettingsRead


@dataclass(slots=True)
class RoutedThread:
    """Events of one thread that its workflow is to be signalled; of a new one with the page's settings."""

    page_id: str
    customer_id: str
    events: list[ThreadEvent] = field(default_factory=list)
    fresh: bool = False
    settings: SettingsRead | None = None


@dataclass(slots=True)
class RoutedBatch:
    """What is to be done after the commit: the threads and Pages whose workflows are to be signalled.

    files_to_fetch, files_to_delete: ids of messages whose files are to be fetched or deleted.
    """

    threads: list[RoutedThread] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    files_to_fetch: list[str] = field(default_factory=list)
    files_to_delete: list[str] = field(default_factory=list)


def route(
    session: Session, events: Sequence[InboxEvent], first_settings: FirstSettings | None = None
) -> RoutedBatch:
    """Write a batch of inbox events into the store. `first_settings`: kept from batch to batch."""
    batch = _Batch(session, events, first_settings or FirstSettings())
    for event in events:
        batch.add(event)
    return batch.write()


def quarantine(session: Session, event: InboxEvent, reason: str) -> None:
    """Set an event aside that cannot be routed; its raw copy stays in the inbox."""
    insert_or_ignore(session, UnroutedEvent, [unrouted_row(event, "quarantined", reason)])


def _serves(page: Page, account_id: str) -> bool:
    """Whether the page is served, and by the account that the event came for."""
    return page.provisioning_state not in GONE and page.account_id == account_id


class _Batch:
    """One batch: what it needs is read at once, what it changes is written at once."""

    def __init__(self, session: Session, events: Sequence[InboxEvent], first_settings: FirstSettings) -> None:
        self._session = session
        self._first_settings = first_settings
        self._settings: dict[str, SettingsRead] = {}
        self._customers: dict[tuple[str, str], Customer] = {}
        self._threads: dict[str, Thread] = {}
        self._live: dict[str, str | None] = {}
        self._pages = batch_reads.pages_by_id(session, {event.page_id for event in events})
        self._read_customers({event.customer_psid for event in events if event.customer_psid})
        self._writes = BatchWrites(absent_mids=self._absent_mids(events))

    def add(self, event: InboxEvent) -> None:
        """Classify one event and collect what it changes."""
        failpoints.trip("router.event", event.customer_psid or "")
        kind = EventKind(event.kind)
        if kind in WITHOUT_PAGE:
            self._set_aside(event, "kept", WITHOUT_PAGE[kind].reason)
            return
        if kind in INTERNAL_KINDS:
            self._add_internal(event, kind)
            return
        found = self._pages.get(event.page_id)
        if found is None or not _serves(found.page, event.account_id):
            self._set_aside(event, "quarantined", "unknown_page")
            return
        try:
            parsed = parse(kind, event.raw)
        except MalformedEvent as error:
            self._set_aside(event, "quarantined", f"malformed: {error}")
            return
        before_handover = self._was_before_handover(event)
        row = classify(
            kind,
            event.channel,
            parsed,
            own_app_id=found.app_id,
            after_ad_click=self._after_ad_click(event),
            before_handover=before_handover,
        )
        if row.effect in PAGE_EFFECTS:
            self._page_event(event, found.health, parsed, row)
        elif row.effect in RAW_EFFECTS:
            self._keep(event, row)
        elif event.customer_psid is None:
            self._set_aside(event, "kept", "it names no customer.")
        else:
            customer = self._customer(event.page_id, event.customer_psid)
            context = self._context(event, row, customer)
            context.shows_owner = not before_handover
            self._thread_event(context, found.health, parsed)

    def _add_internal(self, event: InboxEvent, kind: EventKind) -> None:
        """Apply what Pagedesk itself tells a thread. What tells of a customer who was erased since goes."""
        customer = self._known_customer(event)
        if customer is None:
            return
        try:
            parsed = parse_internal(kind, event.raw)
        except MalformedEvent as error:
            self._set_aside(event, "quarantined", f"malformed: {error}")
            return
        row = classify(kind, event.channel, parsed, own_app_id="")
        apply_event(parsed, self._context(event, row, customer))

    def write(self) -> RoutedBatch:
        """Write everything, and tell what is to be done after the commit."""
        files_to_delete = self._writes.write(self._session)
        threads = [
            self._routed_thread(customer_id, events) for customer_id, events in self._writes.signals.items()
        ]
        return RoutedBatch(threads, list(self._writes.pages), self._writes.file_message_ids, files_to_delete)

    def _routed_thread(self, customer_id: str, events: list[ThreadEvent]) -> RoutedThread:
        page_id = self._threads[customer_id].page_id
        if customer_id not in self._writes.new_threads:
            return RoutedThread(page_id, customer_id, events)
        return RoutedThread(page_id, customer_id, events, fresh=True, settings=self._read_settings(page_id))

    def _read_settings(self, page_id: str) -> SettingsRead:
        if page_id not in self._settings:
            page = self._pages[page_id]
            self._settings[page_id] = self._first_settings.read(self._session, page, clock.now())
        return self._settings[page_id]

    def _thread_event(self, context: EventContext, health: PageHealth, parsed: Event) -> None:
        if not context.is_read_back:
            self._writes.health_updates.append(
                partial(note_heard, self._session, health, context.received_at, standby=context.is_standby)
            )
        if parsed.left_out:
            append_left_out_fields(context, parsed.left_out)
        if context.catalogue_row.opening is not None:
            profiles.want(context.customer, context.received_at)
        apply_event(parsed, context)

    def _context(self, event: InboxEvent, row: CatalogueRow, customer: Customer) -> EventContext:
        found = self._pages[event.page_id]
        return EventContext(
            session=self._session,
            writes=self._writes,
            event=event,
            catalogue_row=row,
            customer=customer,
            thread=self._threads[customer.id],
            live_conversation_id=self._live.get(customer.id),
            own_app_id=found.app_id,
            takes_files=found.page.attachments_for_customers,
        )

    def _page_event(self, event: InboxEvent, health: PageHealth, parsed: Event, row: CatalogueRow) -> None:
        self._writes.pages[event.page_id] = None
        received_at = clock.from_milliseconds(event.received_ms)
        data: dict[str, str | bool | int | None] = {"inbox_id": event.id}
        if row.effect is Effect.PAGE_POLICY and isinstance(parsed, PolicyEnforcement):
            data |= {"action": parsed.action, "reason": parsed.reason}
            update = partial(note_enforcement, health, parsed.action, parsed.reason, occurred_at(event))
            self._writes.health_updates.append(update)
        fact = Fact(FactKind(f"page.{event.kind}"), received_at, ActorKind.SYSTEM, data=data)
        self._writes.events.append(event_row(fact, event.page_id, None, f"inbox/{event.id}"))

    def _keep(self, event: InboxEvent, row: CatalogueRow) -> None:
        """Keep an event raw. Agents see in the timeline that a customer did something that is kept only."""
        self._set_aside(event, "kept", row.reason)
        customer = self._known_customer(event)
        if row.effect is Effect.KEEP_AND_SHOW and customer is not None:
            append_customer_event(self._context(event, row, customer))

    def _set_aside(self, event: InboxEvent, disposition: str, reason: str) -> None:
        self._writes.unrouted.append(unrouted_row(event, disposition, reason))

    def _after_ad_click(self, event: InboxEvent) -> bool:
        """Whether the thread's last referral is of an ad and no message has followed yet."""
        customer = self._known_customer(event)
        referral = self._threads[customer.id].pending_referral if customer else None
        return referral is not None and is_ad(ReferralData(**referral))

    def _was_before_handover(self, event: InboxEvent) -> bool:
        """Whether the thread was handed to us after this happened, and the two came in the other order."""
        customer = self._known_customer(event)
        if customer is None or event.channel in READ_BACK_CHANNELS:
            return False
        owner = owner_of_thread(self._threads[customer.id])
        if owner.kind is not OwnerKind.US or owner.known_at is None:
            return False
        return occurred_at(event) <= owner.known_at

    def _known_customer(self, event: InboxEvent) -> Customer | None:
        return self._customers.get((event.page_id, event.customer_psid or ""))

    def _customer(self, page_id: str, psid: str) -> Customer:
        customer = self._customers.get((page_id, psid))
        if customer is None:
            customer = Customer(id=new_id(), page_id=page_id, psid=psid, created_at=clock.now())
            thread = Thread(customer_id=customer.id, page_id=page_id)
            self._writes.new_threads[customer.id] = customer, thread
            self._customers[page_id, psid] = customer
            self._threads[customer.id] = thread
        return customer

    def _absent_mids(self, events: Sequence[InboxEvent]) -> frozenset[tuple[str, str]]:
        """Which of the messages that come are new: asked once, not for each."""
        named = {(each.page_id, mid) for each in events if (mid := mid_in_key(each.event_key)) is not None}
        if not named:
            return frozenset()
        mids = [mid for _, mid in named]
        return frozenset(named - batch_reads.known_mids(self._session, self._pages, mids))

    def _read_customers(self, psids: set[str]) -> None:
        for customer, thread, live in batch_reads.customers_with_threads(self._session, self._pages, psids):
            self._customers[customer.page_id, customer.psid] = customer
            self._threads[customer.id] = thread
            self._live[customer.id] = live
