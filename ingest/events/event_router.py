"""From the inbox into the store: which thread an event belongs to, and what it changes there.

One batch is one transaction. What each kind of event does is in `ingest.events.effects`; what it is, in
`messenger.webhooks.catalogue`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import defer
from sqlmodel import Session, col

from base import clock, failpoints
from base.ids import new_id
from domain.conversations.changes import Fact
from domain.conversations.lifecycle import ActorKind
from domain.conversations.state import ThreadEvent
from domain.sending.window import OpeningKind
from ingest.events.changes import apply_changes
from ingest.events.effects import learn_owner, take
from ingest.events.event_context import BatchWrites, EventContext, note, note_left_out
from messenger.reading import MalformedEvent
from messenger.webhooks.catalogue import CATALOGUE, Classification, Route, classify, is_ad
from messenger.webhooks.events import Event, PolicyEnforcement, ReferralData, parse
from messenger.webhooks.webhook import READ_BACK_CHANNELS, STANDBY_CHANNELS, EventKind, mid_in_key
from store.conversations.conversation_settings import SOURCES, settings_of
from store.customers import profiles
from store.db.sql import bulk_insert_detached, insert_or_ignore
from store.events.events import append_events, event_row
from store.pages.findings import note_enforcement
from store.pages.traffic import heard
from store.search import texts as search_texts
from store.tables import (
    Account,
    Attachment,
    Customer,
    InboxEvent,
    Message,
    Opening,
    Page,
    Thread,
    UnroutedEvent,
    Workstream,
)
from store.tables import ThreadEvent as ThreadEventRow
from store.tables.pages import GONE
from workflows.messages import SettingsRead

_OF_NO_PAGE: dict[EventKind, str] = {
    row.kind: row.reason
    for row in CATALOGUE
    if row.kind in (EventKind.NOT_PAGE, EventKind.EMPTY, EventKind.UNPARSEABLE)
}
"""These need not name a page, and are kept whatever they name."""

_PAGES = (
    select(Page, col(Account.app_id), *SOURCES)
    .join(Workstream, col(Workstream.id) == col(Page.workstream_id))
    .join(Account, col(Account.id) == col(Page.account_id))
    .where(col(Page.page_id).in_(bindparam("ids", expanding=True)))
)
# The whole state of a thread is much to read for the one thing of it that is needed.
_LIVE = col(Thread.state)["conversation"]["id"].as_string()
_CUSTOMERS = (
    select(Customer, Thread, _LIVE)
    .join(Thread, col(Thread.customer_id) == col(Customer.id))
    .where(
        col(Customer.page_id).in_(bindparam("pages", expanding=True)),
        col(Customer.psid).in_(bindparam("psids", expanding=True)),
    )
    .options(defer(Thread.state))  # type: ignore[arg-type]  # SQLModel types columns as values
)

_KNOWN_MIDS = select(col(Message.page_id), col(Message.mid)).where(
    col(Message.page_id).in_(bindparam("pages", expanding=True)),
    col(Message.mid).in_(bindparam("mids", expanding=True)),
)


@dataclass(slots=True)
class RoutedThread:
    """Events of one thread that its workflow must be told; of a new one with the page's settings."""

    page_id: str
    customer_id: str
    events: list[ThreadEvent] = field(default_factory=list)
    fresh: bool = False
    settings: SettingsRead | None = None


@dataclass(slots=True)
class Routed:
    """What is to be done after the commit.

    `files`: the messages whose files are to be fetched. `taken_back`: those whose files are to be deleted.
    """

    threads: list[RoutedThread] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    taken_back: list[str] = field(default_factory=list)


def route(session: Session, events: Sequence[InboxEvent]) -> Routed:
    """Write a batch of inbox events into the store."""
    batch = _Batch(session, events)
    for event in events:
        batch.take(event)
    return batch.write()


def quarantine(session: Session, event: InboxEvent, reason: str) -> None:
    """Set an event aside that cannot be routed; its raw copy stays in the inbox."""
    insert_or_ignore(session, UnroutedEvent, [_unrouted(event, "quarantined", reason)])


def _unrouted(event: InboxEvent, disposition: str, reason: str) -> dict[str, object]:
    return {
        "inbox_id": event.id,
        "disposition": disposition,
        "reason": reason,
        "kind": event.kind,
        "account_id": event.account_id,
        "page_id": event.page_id,
        "at": clock.from_milliseconds(event.received_ms),
    }


class _Batch:
    """One batch: what it needs is read at once, what it changes is written at once."""

    def __init__(self, session: Session, events: Sequence[InboxEvent]) -> None:
        self._session = session
        self._effects = BatchWrites()
        self._unrouted: list[dict[str, object]] = []
        self._routed_pages: dict[str, None] = {}
        self._new_customers: dict[str, Customer] = {}
        self._of_pages: list[Callable[[], None]] = []
        self._settings: dict[str, SettingsRead] = {}
        self._customers: dict[tuple[str, str], Customer] = {}
        self._threads: dict[str, Thread] = {}
        self._live: dict[str, str | None] = {}
        self._pages = self._read_pages({event.page_id for event in events})
        self._read_customers({event.customer_psid for event in events if event.customer_psid})
        self._effects.absent_mids = self._absent_mids(events)

    def take(self, event: InboxEvent) -> None:
        """Classify one event and collect what it changes."""
        failpoints.trip("router.event", event.customer_psid or "")
        page, own_app_id, _ = self._pages.get(event.page_id, (None, "", None))
        if EventKind(event.kind) in _OF_NO_PAGE:
            self._keep(event, _OF_NO_PAGE[EventKind(event.kind)])
            return
        if page is None or page.provisioning_state in GONE or page.account_id != event.account_id:
            self._unrouted.append(_unrouted(event, "quarantined", "unknown_page"))
            return
        try:
            parsed = parse(EventKind(event.kind), event.raw)
        except MalformedEvent as error:
            self._unrouted.append(_unrouted(event, "quarantined", f"malformed: {error}"))
            return
        classification = classify(
            EventKind(event.kind),
            event.channel,
            parsed,
            own_app_id=own_app_id,
            after_ad_click=self._after_ad_click(event),
        )
        if classification.route is Route.PAGE:
            self._page_event(event, page, parsed)
        elif classification.route is Route.RAW:
            self._keep(event, classification.reason)
            self._show(event)
        elif event.customer_psid is None:
            self._keep(event, "it names no customer.")
        else:
            self._thread_event(event, page, parsed, classification)

    def write(self) -> Routed:
        """Write everything, events last, and tell what is to be signalled."""
        effects, session = self._effects, self._session
        session.flush()
        bulk_insert_detached(session, list(self._new_customers.values()))
        bulk_insert_detached(session, [self._threads[customer_id] for customer_id in self._new_customers])
        insert_or_ignore(session, Message, effects.messages)
        search_texts.keep_messages(session, effects.messages)
        insert_or_ignore(session, Attachment, effects.attachments)
        new_mids = [(row["page_id"], row["mid"]) for row in effects.messages if row["mid"]]
        taken_back = apply_changes(session, effects.changes, new_mids)
        insert_or_ignore(session, Opening, effects.openings)
        insert_or_ignore(session, ThreadEventRow, effects.thread_events)
        insert_or_ignore(session, UnroutedEvent, self._unrouted)
        session.flush()
        # A page's row is locked after all messages, as sends lock them.
        for change in self._of_pages:
            change()
        session.flush()
        append_events(session, effects.events)
        threads = [
            self._routed_thread(customer_id, events) for customer_id, events in effects.signals.items()
        ]
        return Routed(threads, list(self._routed_pages), effects.files, taken_back)

    def _routed_thread(self, customer_id: str, events: list[ThreadEvent]) -> RoutedThread:
        page_id = self._threads[customer_id].page_id
        if customer_id not in self._new_customers:
            return RoutedThread(page_id, customer_id, events)
        return RoutedThread(page_id, customer_id, events, fresh=True, settings=self._settings_of(page_id))

    def _settings_of(self, page_id: str) -> SettingsRead:
        if page_id not in self._settings:
            *_, sources = self._pages[page_id]
            self._settings[page_id] = SettingsRead(settings_of(self._session, sources), clock.now())
        return self._settings[page_id]

    def _thread_event(
        self, event: InboxEvent, page: Page, parsed: Event, classification: Classification
    ) -> None:
        customer = self._customer(page.page_id, event.customer_psid or "")
        arrival = self._arrival(event, customer, classification.opening)
        if event.channel not in READ_BACK_CHANNELS:
            self._of_pages.append(
                partial(heard, self._session, page, arrival.received_at, standby=arrival.standby)
            )
        if parsed.left_out:
            note_left_out(arrival, parsed.left_out)
        if classification.opening is not None:
            profiles.want(customer, arrival.received_at)
        take(parsed, arrival)
        learn_owner(parsed, arrival)

    def _arrival(
        self, event: InboxEvent, customer: Customer, opening: OpeningKind | None = None
    ) -> EventContext:
        page, own_app_id, _ = self._pages[event.page_id]
        return EventContext(
            effects=self._effects,
            session=self._session,
            row=event,
            customer=customer,
            thread=self._threads[customer.id],
            live_conversation_id=self._live.get(customer.id),
            opening_kind=opening,
            standby=event.channel in STANDBY_CHANNELS,
            own_app_id=own_app_id,
            takes_files=page.attachments_for_customers,
        )

    def _page_event(self, event: InboxEvent, page: Page, parsed: Event) -> None:
        self._routed_pages[page.page_id] = None
        data: dict[str, str | bool | int | None] = {"inbox_id": event.id}
        if isinstance(parsed, PolicyEnforcement):
            data |= {"action": parsed.action, "reason": parsed.reason}
            at_ms = event.received_ms if event.occurred_ms is None else event.occurred_ms
            at = clock.from_milliseconds(min(at_ms, event.received_ms))
            self._of_pages.append(partial(note_enforcement, page, parsed.action, parsed.reason, at))
        fact = Fact(
            f"page.{event.kind}", clock.from_milliseconds(event.received_ms), ActorKind.SYSTEM, data=data
        )
        self._effects.events.append(event_row(fact, page.page_id, None, f"inbox/{event.id}"))

    def _keep(self, event: InboxEvent, reason: str) -> None:
        self._unrouted.append(_unrouted(event, "kept", reason))

    def _show(self, event: InboxEvent) -> None:
        """Let agents see in the timeline that a customer did something that is only kept raw."""
        customer = self._customers.get((event.page_id, event.customer_psid or ""))
        if customer is not None and EventKind(event.kind) is not EventKind.PAGE_REACTION:
            arrival = self._arrival(event, customer)
            note(arrival, f"customer.{event.kind}", {"inbox_id": event.id})

    def _after_ad_click(self, event: InboxEvent) -> bool:
        """Whether the thread's last referral is of an ad and no message has followed yet."""
        customer = self._customers.get((event.page_id, event.customer_psid or ""))
        referral = self._threads[customer.id].pending_referral if customer else None
        return referral is not None and is_ad(ReferralData(**referral))

    def _customer(self, page_id: str, psid: str) -> Customer:
        customer = self._customers.get((page_id, psid))
        if customer is None:
            customer = Customer(id=new_id(), page_id=page_id, psid=psid, created_at=clock.now())
            thread = Thread(customer_id=customer.id, page_id=page_id)
            self._new_customers[customer.id] = customer
            self._customers[page_id, psid] = customer
            self._threads[customer.id] = thread
        return customer

    def _read_pages(self, page_ids: set[str]) -> dict[str, tuple[Page, str, Row[Any]]]:
        rows = self._session.execute(_PAGES, {"ids": list(page_ids)}).all()
        return {row.page_id: (row.Page, row.app_id, row) for row in rows}

    def _absent_mids(self, events: Sequence[InboxEvent]) -> frozenset[tuple[str, str]]:
        """Which of the messages that come are new: asked once, not for each."""
        told = {(each.page_id, mid) for each in events if (mid := mid_in_key(each.event_key)) is not None}
        if not told:
            return frozenset()
        rows = self._session.execute(
            _KNOWN_MIDS, {"pages": list(self._pages), "mids": [mid for _, mid in told]}
        ).all()
        return frozenset(told - {(page_id, mid) for page_id, mid in rows})

    def _read_customers(self, psids: set[str]) -> None:
        rows = self._session.execute(_CUSTOMERS, {"pages": list(self._pages), "psids": list(psids)}).all()
        for customer, thread, live in rows:
            self._customers[customer.page_id, customer.psid] = customer
            self._threads[customer.id] = thread
            self._live[customer.id] = live
