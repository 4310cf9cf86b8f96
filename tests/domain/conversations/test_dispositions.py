"""What a conversation was about: said when it ends, where the workstream requires it by everybody."""

from dataclasses import replace

import pytest

from domain.conversations.lifecycle import Status
from support.story import QUIET, Story

REQUIRED = replace(QUIET, disposition_required=True)


def talking(required: bool) -> Story:
    told = Story(REQUIRED if required else QUIET)
    told.writes()
    told.asks("pick")
    return told


def test_without_a_code_nobody_ends_what_needs_one_and_the_refusal_says_what_is_legal() -> None:
    told = talking(required=True)
    before = told.state
    for supervises in (False, True):
        refusal = told.is_refused("end", supervises=supervises)
        assert (refusal.code, refusal.status) == ("disposition_required", Status.ACTIVE)
        assert "end" in refusal.allowed_commands
        assert "disposition_code_id" in refusal.detail
    assert told.state == before
    assert told.is_refused("end", "tom").code == "not_your_conversation"


@pytest.mark.parametrize("required", [True, False])
def test_the_code_of_the_end_stays_and_a_later_one_takes_its_place(required: bool) -> None:
    told = talking(required)
    told.asks("end", disposition_code_id="solved")
    assert told.conversation.disposition_code_id == "solved"
    assert (told.told("conversation.wrap_up")[0].data or {})["disposition_code_id"] == "solved"
    again = talking(required)
    again.asks("end", disposition_code_id="solved")
    told.asks("complete")
    again.asks("complete", disposition_code_id="refunded")
    codes = [each.told("conversation.closed")[0].data or {} for each in (told, again)]
    assert [each["disposition_code_id"] for each in codes] == ["solved", "refunded"]
    assert again.conversation.disposition_code_id == "refunded"


def test_a_code_that_comes_to_be_required_in_wrap_up_is_asked_for_then() -> None:
    told = talking(required=False)
    told.asks("end")
    told.set_to(disposition_required=True)
    assert told.is_refused("complete").code == "disposition_required"
    told.asks("complete", disposition_code_id="solved")


def test_what_closes_by_itself_or_by_force_needs_none() -> None:
    told = talking(required=True)
    told.asks("force_close", "eve", supervises=True)
    assert told.conversation.disposition_code_id is None


@pytest.mark.parametrize("completed", [True, False])
def test_what_goes_on_after_its_end_loses_its_code(completed: bool) -> None:
    told = talking(required=True)
    told.set_to(reopen_closed_within_seconds=3600)
    told.asks("end", disposition_code_id="solved")
    if completed:
        told.asks("complete")
    told.writes()
    assert told.status is Status.OPEN
    assert told.conversation.disposition_code_id is None
    told.asks("pick")
    assert told.is_refused("end").code == "disposition_required"
