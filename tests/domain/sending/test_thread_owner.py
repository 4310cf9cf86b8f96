"""What is known of who controls a thread: the newest sign counts, and lapses."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.sending.thread_owner import LAPSES_AFTER, NOBODY_KNOWN, OwnerKind, ThreadOwner, kind_of

OURS, BOT, INBOX = "1187452390011223", "2045518837702214", "263902037430900"
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER, EARLIER = AT + timedelta(minutes=1), AT - timedelta(minutes=1)
US = ThreadOwner(OwnerKind.US, OURS, AT)
THEIRS = ThreadOwner(OwnerKind.ANOTHER_APP, BOT, AT)


@pytest.mark.parametrize(
    ("app_id", "kind", "other"),
    [
        (OURS, OwnerKind.US, False),
        (BOT, OwnerKind.ANOTHER_APP, True),
        (INBOX, OwnerKind.PAGE_INBOX, True),
        ("26390203743090", OwnerKind.PAGE_INBOX, True),
        (None, OwnerKind.UNKNOWN, False),
    ],
)
def test_what_an_app_is_to_us(app_id: str | None, kind: OwnerKind, *, other: bool) -> None:
    assert kind_of(app_id, OURS) is kind
    owner = NOBODY_KNOWN.handed_to(app_id, OURS, AT)
    assert owner == ThreadOwner(kind, app_id, AT)
    assert owner.is_other is other


@pytest.mark.parametrize("known", [US, THEIRS, ThreadOwner(known_at=AT)])
def test_an_older_sign_changes_nothing(known: ThreadOwner) -> None:
    assert known.handed_to(INBOX, OURS, EARLIER) == known
    assert known.heard_on_standby(EARLIER) == known
    assert known.heard_as_ours(EARLIER) == known


def test_of_two_in_one_instant_the_later_learnt_counts() -> None:
    assert US.handed_to(BOT, OURS, AT) == THEIRS


def test_standby_tells_that_another_app_has_it_and_keeps_which() -> None:
    assert US.heard_on_standby(LATER) == ThreadOwner(OwnerKind.ANOTHER_APP, None, LATER)
    assert THEIRS.heard_on_standby(LATER) == ThreadOwner(OwnerKind.ANOTHER_APP, BOT, LATER)
    inbox = ThreadOwner(OwnerKind.PAGE_INBOX, INBOX, AT)
    assert inbox.heard_on_standby(LATER) == ThreadOwner(OwnerKind.PAGE_INBOX, INBOX, LATER)


def test_what_comes_to_us_is_ours_or_idle() -> None:
    assert THEIRS.heard_as_ours(LATER) == ThreadOwner(known_at=LATER)
    assert US.heard_as_ours(LATER) == ThreadOwner(OwnerKind.US, OURS, LATER)


@pytest.mark.parametrize(
    ("after", "known"),
    [(timedelta(0), True), (LAPSES_AFTER - timedelta(microseconds=1), True), (LAPSES_AFTER, False)],
)
def test_what_is_known_lapses(after: timedelta, *, known: bool) -> None:
    assert THEIRS.as_of(AT + after) == (THEIRS if known else NOBODY_KNOWN)
    assert NOBODY_KNOWN.as_of(AT + after) == NOBODY_KNOWN
