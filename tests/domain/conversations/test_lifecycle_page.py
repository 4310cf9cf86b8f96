"""`docs/lifecycle.md` and its pictures are those of the rules, and nothing is missing in them."""

from dataclasses import fields

import pytest

from domain.attachments.refusals import FileState
from domain.conversations.lifecycle import TRANSITIONS, Status, Trigger
from domain.conversations.state import SurveyStatus
from domain.events.kinds import FactKind
from domain.sending.delivery import MessageStatus
from domain.workstreams.conversation_settings import ConversationSettings, SurveySettings
from scripts.docs.lifecycle import FACTS, PICTURES
from scripts.docs.lifecycle_picture import WORDS, undrawn
from support.paths import DOCS

PAGE = DOCS / "lifecycle.md"
SUBJECTS = {
    "attachment",
    "command",
    "consult",
    "conversation",
    "event",
    "message",
    "note",
    "notice",
    "offer",
    "participant",
    "rule",
    "session",
    "survey",
    "thread",
    "window",
}
"""What the timeline of a conversation is about."""


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_shown(name: str) -> None:
    assert f"]({name})" in PAGE.read_text()


def test_every_transition_is_drawn_and_every_trigger_has_its_words() -> None:
    assert undrawn() == set()
    assert set(WORDS) == set(Trigger)
    drawn = PICTURES["lifecycle.svg"]()
    assert drawn.count('paint-order="stroke"') == len(TRANSITIONS)
    assert all(f">{words}<" in drawn for words in WORDS.values())


def test_every_kind_of_fact_has_its_row() -> None:
    listed = [kind for kind, _, _ in FACTS]
    assert len(listed) == len(set(listed))
    told = {kind for kind in FactKind if kind.partition(".")[0] in SUBJECTS}
    assert set(listed) - {FactKind.WEBHOOK_FIELDS_LEFT_OUT} == told


@pytest.mark.parametrize(
    ("subject", "states"),
    [
        ("conversation", set(Status)),
        ("survey", set(SurveyStatus)),
        ("attachment", set(FileState) - {FileState.PENDING, FileState.DELETED}),
        ("message", set(MessageStatus) - {MessageStatus.DELIVERED, MessageStatus.READ}),
    ],
)
def test_every_state_that_is_told_has_its_kind(subject: str, states: set[str]) -> None:
    assert {FactKind(f"{subject}.{state}") for state in states} <= set(FactKind)


@pytest.mark.parametrize("name", [each.name for each in fields(ConversationSettings) if each.compare])
def test_every_setting_that_decides_is_named(name: str) -> None:
    spoken_of = {
        "survey": "survey.",
        "human_agent_tag": "human agent tag",
        "workstream_id": "workstream",
        "distribution": "`notification.countdown_seconds`",
        "auto_close_waiting_after_seconds": "`auto_close_waiting_after_minutes`",
        "reopen_closed_within_seconds": "`reopen_closed_within_minutes`",
        "window_warning_seconds": "`window_warning_minutes`",
    }
    assert spoken_of.get(name, f"`{name}`") in PAGE.read_text()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("delay_seconds", "delay_minutes"),
        ("cool_down_seconds", "cool_down_days"),
        ("reminder_after_seconds", "reminder_after_minutes"),
        ("expires_after_seconds", "expires_after_hours"),
        ("late_by_template", "late_by_template"),
    ],
)
def test_every_setting_of_surveys_that_decides_when_is_named(name: str, shown: str) -> None:
    assert name in {each.name for each in fields(SurveySettings)}
    assert f"`survey.{shown}`" in PAGE.read_text()
