"""What a row of the catalogue of webhook events says: what an event is, what it does, what it signals."""

from dataclasses import dataclass, replace
from enum import StrEnum, auto

from domain.conversations.state import ThreadEventKind
from domain.sending.window import OpeningKind
from messenger.webhooks.webhook import EventKind


class Effect(StrEnum):
    """What an event does. `ingest.events.effects` has a function for each that concerns a thread."""

    MESSAGE = auto()
    """A customer's message is stored."""
    POSTBACK = auto()
    """A tapped button is stored as a customer's message."""
    SURVEY_BUTTON = auto()
    """A tapped button of our survey is stored as a message and as an answer."""
    FEEDBACK = auto()
    """The answer to our feedback template is stored."""
    SURVEY_LINK = auto()
    """The answer that was given on a survey's page is stored."""
    FILES_REFUSED = auto()
    """The conversation tells the customer which files were not taken."""
    ECHO = auto()
    """Our outbound message is confirmed; one that is not ours is stored."""
    DELETION = auto()
    """A message is marked as deleted."""
    EDIT = auto()
    """A message gets another text."""
    REACTION = auto()
    """A message gets a reaction, or loses it."""
    DELIVERY = auto()
    """The thread's delivered watermark moves."""
    READ = auto()
    """The thread's read watermark moves."""
    REFERRAL = auto()
    """The thread keeps how the customer came to it."""
    THREAD_CONTROL = auto()
    """The thread has another owner."""
    CONTROL_REQUEST = auto()
    """The timeline names the app that asks for the thread."""
    NOTE = auto()
    """The timeline says that it happened."""
    PAGE = auto()
    """The Page's workflow is signalled."""
    PAGE_POLICY = auto()
    """The Page keeps Meta's action, and its workflow is signalled."""
    KEEP = auto()
    """It is kept raw."""
    KEEP_AND_SHOW = auto()
    """It is kept raw, and the timeline of a known customer says that it happened."""
    KEEP_WITHOUT_PAGE = auto()
    """It is kept raw, whatever Page it names."""


RAW_EFFECTS = frozenset({Effect.KEEP, Effect.KEEP_AND_SHOW, Effect.KEEP_WITHOUT_PAGE})
PAGE_EFFECTS = frozenset({Effect.PAGE, Effect.PAGE_POLICY})


class Route(StrEnum):
    """Where an event goes once it is stored. It follows from the row's effect and thread event."""

    WORK = "work"
    """The thread's conversation workflow, which is started if none runs (signal-with-start)."""
    JOIN = "join"
    """The thread's conversation workflow, if one runs (plain signal). Never creates work."""
    RECEIPT = "receipt"
    """A watermark on the thread. No signal."""
    ECHO = "echo"
    """Confirms the row of our own send. A signal only if that row's outcome is unknown."""
    PAGE = "page"
    """The Page's workflow."""
    RAW = "raw"
    """Kept raw, counted and shown, for the reason given."""


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """One row: an event kind, or a case of it.

    thread_event: what the thread's workflow is signalled, if anything; where that depends on what the store
    knows, `changes` says so.
    opening: what it opens in the window, if anything. reason: why it is only kept raw, "" otherwise.
    """

    kind: EventKind
    case: str
    what: str
    changes: str
    effect: Effect
    thread_event: ThreadEventKind | None = None
    opening: OpeningKind | None = None
    reason: str = ""

    @property
    def route(self) -> Route:
        """Where the event goes."""
        if self.effect in RAW_EFFECTS:
            return Route.RAW
        if self.effect in PAGE_EFFECTS:
            return Route.PAGE
        if self.effect in (Effect.DELIVERY, Effect.READ):
            return Route.RECEIPT
        if self.thread_event is ThreadEventKind.OWN_ECHO:
            return Route.ECHO
        return Route.WORK if self.opens_work else Route.JOIN

    @property
    def opens_work(self) -> bool:
        """Whether the thread is to have a conversation for it."""
        return self.thread_event is not None and self.thread_event.opens_work

    def on_standby(self) -> "CatalogueRow":
        """The same, of a thread that another app controls: it opens the same window, and no work for us."""
        kind = self.thread_event
        return replace(self, thread_event=THREAD_EVENT_ON_STANDBY.get(kind, kind)) if kind else self


THREAD_EVENT_ON_STANDBY = {
    ThreadEventKind.MESSAGE: ThreadEventKind.STANDBY_MESSAGE,
    ThreadEventKind.POSTBACK: ThreadEventKind.STANDBY_MESSAGE,
    ThreadEventKind.ENTRY: ThreadEventKind.STANDBY_OPENING,
    ThreadEventKind.WINDOW_OPENING: ThreadEventKind.STANDBY_OPENING,
}
"""What is signalled while another app controls the thread. A handover to us is work on any channel."""
