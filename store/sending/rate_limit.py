"""The pace of a page's calls, as its send state keeps it for all workers.

Slots are taken in the transaction that marks an attempt, with that row locked. What Meta says of the
usage is heeded before anything is refused: the page is slowed, and paused at the limit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from domain.events.kinds import FactKind
from domain.sending.rate_limit import (
    CONVERSATIONS_PACE,
    MAX_MEDIA_SENDS_PER_SECOND,
    USUAL_SENDS,
    Pace,
    Restraint,
    is_media,
    slot,
)
from store.db.sql import FOR_NO_KEY_UPDATE
from store.events.events import append_page_event
from store.sending import send_gate
from store.tables import Account, Page, PageSendState


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast a page may send: all messages, and those with media among them."""

    sends: Pace
    media: Pace


USUAL = Rates(Pace(USUAL_SENDS), Pace(MAX_MEDIA_SENDS_PER_SECOND))


def take_slot(
    state: PageSendState, content: Mapping[str, Any], rates: Rates, now: datetime, *, near: timedelta
) -> datetime:
    """When a message of the page may leave. The slot is taken only if it is no further away than `near`."""
    paces = {"sends_next_at": rates.sends} | ({"media_next_at": rates.media} if is_media(content) else {})
    return _take(state, paces, now, near)


def take_reading_slot(session: Session, page_id: str, now: datetime, *, near: timedelta) -> datetime:
    """As `take_slot`, for one look at the page's conversations at Meta, whoever looks."""
    state = session.get_one(PageSendState, page_id, with_for_update=FOR_NO_KEY_UPDATE)
    return _take(state, {"reads_next_at": CONVERSATIONS_PACE}, now, near)


def restrain(
    session: Session, page_id: str, wanted: Restraint, now: datetime, *, percent: int | None = None
) -> None:
    """Slow a page, and pause it if that is asked for. `percent`: the usage that Meta told."""
    if wanted.paused_until is not None and wanted.paused_until > now:
        send_gate.pause(session, page_id, "usage", wanted.paused_until, now)
    if wanted.slowed_until > now:
        slow(session, page_id, wanted.slowed_until, now, percent=percent)


def lock_pages_of_app(session: Session, app_id: str) -> list[str]:
    """The pages of an app, whose send states are locked in one order before anything is written of any."""
    states = (
        select(PageSendState.page_id)
        .join(Page, col(Page.page_id) == col(PageSendState.page_id))
        .join(Account, col(Account.id) == col(Page.account_id))
    )
    ordered = states.where(Account.app_id == app_id).order_by(col(PageSendState.page_id))
    return list(session.exec(ordered.with_for_update(of=PageSendState, key_share=True)).all())


def slow(
    session: Session, page_id: str, until: datetime, now: datetime, *, percent: int | None = None
) -> None:
    """Let few calls of a page leave until an instant; a longer restraint stays. Told once, when it begins."""
    state = session.get_one(PageSendState, page_id, with_for_update=FOR_NO_KEY_UPDATE)
    was_slowed = _is_slowed(state, now)
    state.usage_percent = percent if percent is not None else state.usage_percent
    if state.slowed_until is None or state.slowed_until < until:
        state.slowed_until = until
    if not was_slowed:
        data = {"until": until.isoformat(), "usage_percent": percent}
        append_page_event(session, FactKind.PAGE_SLOWED, page_id, now, data)


def _is_slowed(state: PageSendState, now: datetime) -> bool:
    return state.slowed_until is not None and now < state.slowed_until


def _take(state: PageSendState, paces: Mapping[str, Pace], now: datetime, near: timedelta) -> datetime:
    """One slot that suits every pace; `paces` by the column that keeps each."""
    slowed = _is_slowed(state, now)
    valid = {name: pace.slowed if slowed else pace for name, pace in paces.items()}
    at = now
    for name, pace in valid.items():
        at = slot(pace, getattr(state, name), at).at
    if at <= now + near:
        for name, pace in valid.items():
            setattr(state, name, slot(pace, getattr(state, name), at).next_at)
    return at
