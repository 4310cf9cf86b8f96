"""Offers: the instant at which they are over, who may answer, and what each end means."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.routing.capacity import Origin
from domain.routing.offers import (
    Answer,
    AnswerRefusal,
    AtEnd,
    NextPhase,
    NotificationSettings,
    OfferEnd,
    OfferOutcome,
    judge_answer,
    make_offer,
    offer_end_outcome,
    validate_notifications,
)
from domain.routing.presence import PresenceMark

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
USUAL = NotificationSettings()
WITH_REJECT = NotificationSettings(reject_button=True)
AUTO_ASSIGN = NotificationSettings(auto_assign=True)
STRICT = NotificationSettings(
    reject_button=True, missed_sets_inactive=True, declined_sets_do_not_disturb=True
)


@pytest.mark.parametrize("answer", Answer)
def test_an_answer_counts_at_119_999_seconds_and_not_at_120(answer: Answer) -> None:
    offer = make_offer("o1", "mia", Origin.PUSH, WITH_REJECT, NOON)
    assert judge_answer(offer, "mia", answer, NOON) is None
    assert judge_answer(offer, "mia", answer, NOON + timedelta(seconds=119.999)) is None
    assert judge_answer(offer, "mia", answer, NOON + timedelta(seconds=120)) is AnswerRefusal.OFFER_OVER


def test_only_the_agent_to_whom_it_is_offered_may_answer() -> None:
    offer = make_offer("o1", "mia", Origin.PUSH, WITH_REJECT, NOON)
    assert judge_answer(offer, "bo", Answer.ACCEPT, NOON) is AnswerRefusal.NOT_OFFERED_TO_YOU
    assert judge_answer(None, "bo", Answer.ACCEPT, NOON) is AnswerRefusal.NOT_OFFERED_TO_YOU


@pytest.mark.parametrize(
    "settings", [USUAL, AUTO_ASSIGN, NotificationSettings(reject_button=True, auto_assign=True)]
)
def test_without_a_reject_button_or_with_auto_assign_nobody_declines(settings: NotificationSettings) -> None:
    offer = make_offer("o1", "mia", Origin.PUSH, settings, NOON)
    assert judge_answer(offer, "mia", Answer.DECLINE, NOON) is AnswerRefusal.CANNOT_BE_DECLINED
    assert judge_answer(offer, "mia", Answer.ACCEPT, NOON) is None


@pytest.mark.parametrize(
    ("settings", "end", "outcome"),
    [
        (USUAL, OfferEnd.ACCEPTED, OfferOutcome(NextPhase.IN_CONVERSATION)),
        (USUAL, OfferEnd.TIMED_OUT, OfferOutcome(NextPhase.BACK_TO_QUEUE, None, counts_as_declined=True)),
        (
            STRICT,
            OfferEnd.TIMED_OUT,
            OfferOutcome(NextPhase.BACK_TO_QUEUE, PresenceMark.MISSED, counts_as_declined=True),
        ),
        (AUTO_ASSIGN, OfferEnd.TIMED_OUT, OfferOutcome(NextPhase.IN_CONVERSATION)),
        (USUAL, OfferEnd.DECLINED, OfferOutcome(NextPhase.BACK_TO_QUEUE, None, counts_as_declined=True)),
        (
            STRICT,
            OfferEnd.DECLINED,
            OfferOutcome(NextPhase.BACK_TO_QUEUE, PresenceMark.DECLINED, counts_as_declined=True),
        ),
        (STRICT, OfferEnd.AGENT_GONE, OfferOutcome(NextPhase.BACK_TO_QUEUE)),
        (AUTO_ASSIGN, OfferEnd.AGENT_GONE, OfferOutcome(NextPhase.BACK_TO_QUEUE)),
        (STRICT, OfferEnd.WITHDRAWN, OfferOutcome(NextPhase.ELSEWHERE)),
    ],
)
def test_what_each_end_means(settings: NotificationSettings, end: OfferEnd, outcome: OfferOutcome) -> None:
    offer = make_offer("o1", "mia", Origin.PUSH, settings, NOON)
    assert offer_end_outcome(offer, settings, end) == outcome


def test_an_offer_keeps_what_was_promised_when_it_was_made() -> None:
    offer = make_offer("o1", "mia", Origin.PUSH, AUTO_ASSIGN, NOON)
    assert offer_end_outcome(offer, USUAL, OfferEnd.TIMED_OUT).phase is NextPhase.IN_CONVERSATION


def test_auto_accept_ends_the_offer_at_once_with_the_assignment() -> None:
    offer = make_offer(
        "o1", "mia", Origin.PUSH, NotificationSettings(auto_assign=True, auto_accept=True), NOON
    )
    assert (offer.expires_at, offer.at_end) == (NOON, AtEnd.ASSIGN)
    assert offer.is_over(NOON)


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        (USUAL, []),
        (STRICT, []),
        (NotificationSettings(countdown_seconds=10), []),
        (NotificationSettings(countdown_seconds=9), [("countdown_seconds", "out_of_range")]),
        (NotificationSettings(countdown_seconds=3601), [("countdown_seconds", "out_of_range")]),
        (NotificationSettings(auto_accept=True), [("auto_accept", "needs_auto_assign")]),
        (
            NotificationSettings(auto_assign=True, reject_button=True),
            [("reject_button", "not_with_auto_assign")],
        ),
    ],
)
def test_wrong_settings_are_named_field_by_field(
    settings: NotificationSettings, wrong: list[tuple[str, str]]
) -> None:
    assert [(each.path, each.code) for each in validate_notifications(settings)] == wrong
