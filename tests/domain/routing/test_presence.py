"""Presence: the order of its rules, what a choice is worth, and who is offered anything."""

import pytest

from domain.routing.capacity import NOTHING_USED, CapacityLimits, UsedCapacity
from domain.routing.presence import (
    ALLOWABLE,
    ChosenPresence,
    Presence,
    PresenceKind,
    PresenceMark,
    after_accept_or_close,
    presence_of,
    receives_offers,
)

K = PresenceKind
FREE, PARTLY, FULL = NOTHING_USED, UsedCapacity(1, live=1), UsedCapacity(3, live=2)


def shown(
    *,
    connected: bool = True,
    chosen: ChosenPresence | None = None,
    mark: PresenceMark | None = None,
    used: UsedCapacity = FREE,
    sessions: int = 0,
) -> Presence:
    return presence_of(
        connected=connected,
        chosen=chosen,
        mark=mark,
        used=used,
        limits=CapacityLimits(units=3),
        sessions=sessions,
    )


@pytest.mark.parametrize(
    ("used", "sessions", "kind"),
    [
        (FREE, 0, K.AVAILABLE),
        (FREE, 9, K.AVAILABLE),
        (PARTLY, 1, K.BUSY),
        (FULL, 2, K.DO_NOT_DISTURB),
        (UsedCapacity(4, live=4), 2, K.DO_NOT_DISTURB),
        (FREE, 10, K.DO_NOT_DISTURB),
        (PARTLY, 10, K.DO_NOT_DISTURB),
    ],
)
def test_capacity_and_sessions_decide_where_nothing_else_does(
    used: UsedCapacity, sessions: int, kind: PresenceKind
) -> None:
    assert shown(used=used, sessions=sessions) == Presence(kind)


@pytest.mark.parametrize("kind", [K.AVAILABLE, K.BUSY, K.DO_NOT_DISTURB, K.AWAY, K.OFFLINE])
@pytest.mark.parametrize("used", [FREE, PARTLY, FULL])
def test_what_an_agent_chose_is_shown_with_its_text_whatever_their_load(
    kind: PresenceKind, used: UsedCapacity
) -> None:
    assert shown(chosen=ChosenPresence(kind, "in training"), used=used) == Presence(kind, "in training")


def test_a_missed_offer_shows_inactive_and_a_declined_one_do_not_disturb_before_any_choice() -> None:
    available = ChosenPresence(K.AVAILABLE)
    assert shown(chosen=available, mark=PresenceMark.MISSED) == Presence(K.INACTIVE)
    assert shown(chosen=available, mark=PresenceMark.DECLINED) == Presence(K.DO_NOT_DISTURB)


@pytest.mark.parametrize("mark", [None, *PresenceMark])
def test_who_is_not_connected_is_offline_whatever_else_is_known(mark: PresenceMark | None) -> None:
    assert shown(connected=False, chosen=ChosenPresence(K.AVAILABLE, "here"), mark=mark) == Presence(
        K.OFFLINE
    )


@pytest.mark.parametrize(
    ("kind", "stays"),
    [(K.AVAILABLE, False), (K.BUSY, False), (K.DO_NOT_DISTURB, True), (K.AWAY, True), (K.OFFLINE, True)],
)
def test_available_and_busy_hold_to_the_next_accept_or_close(kind: PresenceKind, stays: bool) -> None:
    chosen = ChosenPresence(kind)
    assert after_accept_or_close(chosen) == (chosen if stays else None)
    assert after_accept_or_close(None) is None


@pytest.mark.parametrize(
    ("kind", "text"), [(K.INACTIVE, None), (K.AWAY, ""), (K.AWAY, " "), (K.AWAY, "x" * 101)]
)
def test_inactive_and_texts_that_are_empty_or_too_long_cannot_be_chosen(
    kind: PresenceKind, text: str | None
) -> None:
    with pytest.raises(ValueError, match=r"cannot be chosen|1 to 100 characters"):
        ChosenPresence(kind, text)


@pytest.mark.parametrize("kind", PresenceKind)
def test_offers_go_to_the_allowed_presences_and_never_to_inactive_or_offline(kind: PresenceKind) -> None:
    assert receives_offers(kind, set(PresenceKind)) is (kind not in {K.INACTIVE, K.OFFLINE})
    assert receives_offers(kind, {K.AVAILABLE, K.BUSY}) is (kind in {K.AVAILABLE, K.BUSY})
    assert not receives_offers(kind, set())
    assert {K.AVAILABLE, K.BUSY, K.DO_NOT_DISTURB, K.AWAY} == ALLOWABLE
