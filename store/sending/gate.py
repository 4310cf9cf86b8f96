"""The send gate of a page: open, held until somebody mends the page, or paused until an instant.

Each send reads it before it is tried. What it stops is `held` with a reason of the gate's, and is judged anew
by the window when the gate opens.
"""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from domain.events.kinds import FactKind
from domain.pages.problems import RESTORED
from domain.sending.delivery import MessageStatus
from store.db.sql import FOR_NO_KEY_UPDATE
from store.events.events import append_page_event
from store.tables import Message, Page


class Gate(StrEnum):
    """Whether messages of a page may leave."""

    OPEN = "open"
    HELD = "held"
    PAUSED = "paused"


_REASON_PREFIX = "page_"


def reason_of_gate(cause: str) -> str:
    """The reason that a message held by the gate shows: the page's own word for it, marked as the page's."""
    return _REASON_PREFIX + cause


def message_reason(page: Page) -> str | None:
    """The reason that messages show which wait for the page now; None where none needs to."""
    return reason_of_gate(page.send_gate_reason or "held") if page.send_gate == Gate.HELD else None


def waits_after_restore(page: Page) -> bool:
    """Whether nothing is sent because the page's data came from a backup and is older than what was said."""
    return page.send_gate == Gate.HELD and page.send_gate_reason == RESTORED


def is_held_by_gate(message: Message) -> bool:
    """Whether a message waits for the page, not for the customer."""
    return message.status == MessageStatus.HELD and (message.reason or "").startswith(_REASON_PREFIX)


def shut(page: Page, cause: str) -> None:
    """Let nothing of the page leave. Whoever shuts it tells why; `hold` raises the gate's own alarm."""
    _set(page, Gate.HELD, cause, None)


def hold(session: Session, page_id: str, cause: str, at: datetime) -> None:
    """Hold the page's messages until it is mended; the alarm is raised once."""
    page = session.get_one(Page, page_id, with_for_update=FOR_NO_KEY_UPDATE)
    if page.send_gate == Gate.HELD:
        return
    shut(page, cause)
    append_page_event(
        session,
        FactKind.PAGE_GATE_HELD,
        page_id,
        at,
        {"cause": cause, "generation": page.send_gate_generation},
    )


def pause(session: Session, page_id: str, cause: str, until: datetime, at: datetime) -> None:
    """Send nothing for the page until an instant; a longer pause or a hold stays."""
    page = session.get_one(Page, page_id, with_for_update=FOR_NO_KEY_UPDATE)
    longer = page.send_gate == Gate.PAUSED and page.send_gate_until is not None
    if page.send_gate == Gate.HELD or (longer and page.send_gate_until >= until):  # type: ignore[operator]  # set
        return
    _set(page, Gate.PAUSED, cause, until)
    if not longer:
        append_page_event(
            session, FactKind.PAGE_GATE_PAUSED, page_id, at, {"cause": cause, "until": until.isoformat()}
        )


def open_gate(session: Session, page_id: str, at: datetime) -> bool:
    """Let messages leave again after a hold. Returns whether the gate was held."""
    page = session.get_one(Page, page_id, with_for_update=FOR_NO_KEY_UPDATE)
    if page.send_gate != Gate.HELD:
        return False
    _set(page, Gate.OPEN, None, None)
    append_page_event(
        session, FactKind.PAGE_GATE_OPENED, page_id, at, {"generation": page.send_gate_generation}
    )
    return True


def customers_held_back(session: Session, page_id: str) -> list[str]:
    """Whose messages wait for the page: their conversations are to be woken. Oldest first."""
    rows = session.exec(
        select(Message.customer_id)
        .where(
            col(Message.status) == MessageStatus.HELD.value,
            col(Message.page_id) == page_id,
            col(Message.reason).startswith(_REASON_PREFIX),
        )
        .order_by(col(Message.created_at))
    ).all()
    return list(dict.fromkeys(rows))


def _set(page: Page, gate: Gate, cause: str | None, until: datetime | None) -> None:
    page.send_gate = gate.value
    page.send_gate_reason = cause
    page.send_gate_until = until
    page.send_gate_generation += 1
