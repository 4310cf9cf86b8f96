"""The send gate of a page: open, held until somebody mends the page, or paused until an instant.

Each send reads it before it is tried. What it stops is `held` with a reason of the gate's, and is judged anew
by the window when the gate opens.
"""

from datetime import datetime

from sqlmodel import Session, col, select

from domain.events.kinds import FactKind
from domain.pages.page_problems import RESTORED
from domain.sending.delivery import MessageStatus
from domain.sending.send_gate import SendGate
from store.db.sql import FOR_NO_KEY_UPDATE
from store.events.events import append_page_event
from store.tables import Message, PageSendState

_REASON_PREFIX = "page_"


def reason_of_gate(cause: str) -> str:
    """The reason that a message held by the gate shows: the page's own word for it, marked as the page's."""
    return _REASON_PREFIX + cause


def message_reason(state: PageSendState) -> str | None:
    """The reason that messages show which wait for the page now; None where none needs to."""
    return reason_of_gate(state.send_gate_reason or "held") if state.send_gate == SendGate.HELD else None


def waits_after_restore(state: PageSendState) -> bool:
    """Whether nothing is sent because the page's data came from a backup and is older than what was said."""
    return state.send_gate == SendGate.HELD and state.send_gate_reason == RESTORED


def is_held_by_gate(message: Message) -> bool:
    """Whether a message waits for the page, not for the customer."""
    return message.status == MessageStatus.HELD and (message.reason or "").startswith(_REASON_PREFIX)


def shut(state: PageSendState, cause: str) -> None:
    """Let nothing of the page leave. Whoever shuts it tells why; `hold` raises the gate's own alarm."""
    _set(state, SendGate.HELD, cause, None)


def hold(session: Session, page_id: str, cause: str, at: datetime) -> None:
    """Hold the page's messages until it is mended; the alarm is raised once."""
    state = session.get_one(PageSendState, page_id, with_for_update=FOR_NO_KEY_UPDATE)
    if state.send_gate == SendGate.HELD:
        return
    shut(state, cause)
    append_page_event(
        session,
        FactKind.PAGE_GATE_HELD,
        page_id,
        at,
        {"cause": cause, "generation": state.send_gate_generation},
    )


def pause(session: Session, page_id: str, cause: str, until: datetime, at: datetime) -> None:
    """Send nothing for the page until an instant; a longer pause or a hold stays."""
    state = session.get_one(PageSendState, page_id, with_for_update=FOR_NO_KEY_UPDATE)
    longer = state.send_gate == SendGate.PAUSED and state.send_gate_until is not None
    if state.send_gate == SendGate.HELD or (longer and state.send_gate_until >= until):  # type: ignore[operator]  # set
        return
    _set(state, SendGate.PAUSED, cause, until)
    if not longer:
        append_page_event(
            session, FactKind.PAGE_GATE_PAUSED, page_id, at, {"cause": cause, "until": until.isoformat()}
        )


def open_gate(session: Session, page_id: str, at: datetime) -> bool:
    """Let messages leave again after a hold. Returns whether the gate was held."""
    state = session.get_one(PageSendState, page_id, with_for_update=FOR_NO_KEY_UPDATE)
    if state.send_gate != SendGate.HELD:
        return False
    _set(state, SendGate.OPEN, None, None)
    append_page_event(
        session, FactKind.PAGE_GATE_OPENED, page_id, at, {"generation": state.send_gate_generation}
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


def _set(state: PageSendState, gate: SendGate, cause: str | None, until: datetime | None) -> None:
    state.send_gate = gate.value
    state.send_gate_reason = cause
    state.send_gate_until = until
    state.send_gate_generation += 1
