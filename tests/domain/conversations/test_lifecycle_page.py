"""`docs/lifecycle.md` and its pictures are those of the rules, and nothing is missing in them."""

import ast
from collections.abc import Iterator
from dataclasses import fields

import pytest

from domain.attachments.attachments import FileState
from domain.conversations.lifecycle import TRANSITIONS, Status, Trigger
from domain.conversations.state import SurveyStatus
from domain.sending.delivery import MessageStatus
from domain.workstreams.conversation_settings import ConversationSettings, SurveySettings
from scripts.docs.lifecycle import FACTS, PICTURES
from scripts.docs.lifecycle_picture import WORDS, undrawn
from support.paths import DOCS, ROOT

PAGE = DOCS / "lifecycle.md"
ROOMS = ("domain", "workflows", "store", "ingest")
# What a kind that is put together, such as f"survey.{status}", can become.
ENDINGS: dict[str, set[str]] = {
    "conversation.": set(Status),
    "survey.": set(SurveyStatus),
    "thread.": {"taken", "passed", "released", "requested"},
    "attachment.": {state.value for state in FileState} - {FileState.PENDING, FileState.DELETED},
    "message.": {
        MessageStatus.SENDING,
        MessageStatus.SENT,
        MessageStatus.FAILED,
        MessageStatus.UNKNOWN,
        MessageStatus.CANCELLED,
        MessageStatus.EXPIRED,
    },
}
OF_NO_CONVERSATION = ("customer.", "page.", "messages.")


def kinds_in_the_code() -> Iterator[str]:
    """The kinds of all facts that the rooms record of a conversation."""
    for file in (file for room in ROOMS for file in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and name_of(node.func) in {"note", "_note", "Fact"}:
                for argument in node.args[:4]:
                    yield from kinds_of(argument)


def name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def kinds_of(argument: ast.expr) -> Iterator[str]:
    if isinstance(argument, ast.IfExp):
        yield from kinds_of(argument.body)
        yield from kinds_of(argument.orelse)
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and "." in argument.value:
        yield argument.value
    if isinstance(argument, ast.JoinedStr) and isinstance(argument.values[0], ast.Constant):
        prefix = str(argument.values[0].value)
        if prefix not in OF_NO_CONVERSATION:
            yield from (prefix + ending for ending in ENDINGS[prefix])


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_shown(name: str) -> None:
    assert f"]({name})" in PAGE.read_text()


def test_every_transition_is_drawn_and_every_trigger_has_its_words() -> None:
    assert undrawn() == set()
    assert set(WORDS) == set(Trigger)
    drawn = PICTURES["lifecycle.svg"]()
    assert drawn.count('paint-order="stroke"') == len(TRANSITIONS)
    assert all(f">{words}<" in drawn for words in WORDS.values())


def test_every_kind_of_fact_has_its_row_and_no_row_is_stale() -> None:
    listed = [kind for kind, _, _ in FACTS]
    assert len(listed) == len(set(listed))
    found = {kind for kind in kinds_in_the_code() if not kind.startswith(OF_NO_CONVERSATION)}
    assert set(listed) == found


@pytest.mark.parametrize("name", [each.name for each in fields(ConversationSettings)])
def test_every_setting_that_decides_is_named(name: str) -> None:
    spoken_of = {"survey": "survey.", "human_agent_tag": "human agent tag"}
    assert spoken_of.get(name, f"`{name}`") in PAGE.read_text()


@pytest.mark.parametrize(
    "name", ["delay", "cool_down", "reminder_after", "expires_after", "late_by_template"]
)
def test_every_setting_of_surveys_that_decides_when_is_named(name: str) -> None:
    assert name in {each.name for each in fields(SurveySettings)}
    assert f"`survey.{name}`" in PAGE.read_text()
