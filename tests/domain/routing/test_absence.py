"""Absence: the instant at which it is too late to come back, and what becomes of each conversation."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.routing.absence import (
    GoneOutcome,
    WhenAgentGone,
    absence_ends_at,
    agent_gone_outcome,
    is_back_in_time,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "in_time"), [(0, True), (149, True), (149.999, True), (150, False), (151, False)]
)
def test_who_is_back_within_150_seconds_finds_everything_as_it_was(seconds: float, in_time: bool) -> None:
    assert is_back_in_time(NOON, NOON + timedelta(seconds=seconds)) is in_time


def test_an_agent_who_was_deactivated_gets_no_time() -> None:
    assert absence_ends_at(NOON) == NOON + timedelta(seconds=150)
    assert absence_ends_at(NOON, deactivated=True) == NOON


@pytest.mark.parametrize(
    ("setting", "awaiting", "owes", "outcome"),
    [
        (WhenAgentGone.RETURN, True, True, GoneOutcome.TO_QUEUE),
        (WhenAgentGone.RETURN, True, False, GoneOutcome.TO_QUEUE),
        (WhenAgentGone.RETURN, False, True, GoneOutcome.TO_QUEUE),
        (WhenAgentGone.RETURN, False, False, GoneOutcome.TO_WAITING),
        (WhenAgentGone.KEEP, True, True, GoneOutcome.TO_QUEUE),
        (WhenAgentGone.KEEP, True, False, GoneOutcome.TO_QUEUE),
        (WhenAgentGone.KEEP, False, True, GoneOutcome.KEEP),
        (WhenAgentGone.KEEP, False, False, GoneOutcome.KEEP),
    ],
)
def test_what_becomes_of_the_conversations_of_an_agent_who_is_gone(
    setting: WhenAgentGone, awaiting: bool, owes: bool, outcome: GoneOutcome
) -> None:
    assert agent_gone_outcome(setting, awaiting_acceptance=awaiting, owes_answer=owes) is outcome
