"""Every generated page is the one that its rules make."""

import ast
from collections.abc import Iterator

import pytest

from domain.routing.capacity import Origin
from domain.routing.eligibility import ParkReason
from domain.routing.route_to_queue import RouteReason
from scripts.docs import timeline, work_distribution
from scripts.docs.pages import DOCS, PAGES, ROOT

BY_AN_AGENT = {Origin.NEXT, Origin.PICK, Origin.REOPEN, Origin.START}
"""These conversations are the agent's at once: nothing is offered."""


@pytest.mark.parametrize("name", PAGES)
def test_the_committed_page_is_the_generated_one(name: str) -> None:
    assert (DOCS / name).read_text() == PAGES[name](), "run: make docs"


def test_every_reason_of_work_distribution_is_explained() -> None:
    assert set(work_distribution.REASONS) == set(RouteReason)
    assert set(work_distribution.PARKED) == set(ParkReason)
    assert set(work_distribution.ORIGINS) == set(Origin) - BY_AN_AGENT


_RECORDS_REASONS = ("domain/conversations", "activities/sending", "activities/attachments", "messenger/graph")
_OUTCOMES = ("NotSent", "Unknown", "NothingWrittenError", "cancel_or_silence")


def test_every_reason_that_the_code_records_is_among_those_that_the_console_has_words_for() -> None:
    files = [each for room in _RECORDS_REASONS for each in (ROOT / room).glob("*.py")]
    recorded = {reason for each in files for reason in _reasons_in(each.read_text())}
    assert {"superseded", "attempt_lost", "unreadable_answer"} <= recorded
    assert recorded - timeline.REASONS == set()


def _reasons_in(source: str) -> Iterator[str]:
    """The texts that are given as `reason=…`, or to what carries one."""
    for node in ast.walk(ast.parse(source)):
        given: list[ast.expr] = []
        if isinstance(node, ast.keyword) and node.arg == "reason":
            given = [node.value]
        elif isinstance(node, ast.Call) and _name_of(node.func) in _OUTCOMES:
            given = node.args
        for each in given:
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                yield each.value


def _name_of(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def test_every_setting_that_an_event_names_is_among_those_that_the_console_has_words_for() -> None:
    named = {
        value.value
        for file in (ROOT / "domain" / "conversations").glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        for value in _settings_in(node)
        if isinstance(value, ast.Constant) and isinstance(value.value, str)
    }
    assert "survey.way" in named
    assert named - set(timeline.SETTINGS) == set()


def _settings_in(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.keyword) and node.arg == "setting":
        value = node.value
        return [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
    if isinstance(node, ast.Dict):
        keyed = zip(node.keys, node.values, strict=True)
        return [value for key, value in keyed if isinstance(key, ast.Constant) and key.value == "setting"]
    return []
