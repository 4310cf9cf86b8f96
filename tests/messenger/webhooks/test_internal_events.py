"""What Pagedesk itself tells a thread reads as it was written, and nobody outside can write it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events.channels import PAGEDESK_CHANNEL
from domain.workstreams.conversation_settings import AutomatedTrigger
from messenger.webhooks.internal_events import (
    FilesRefused,
    SurveyAnswered,
    files_refused,
    parse_internal,
    survey_answered,
)
from messenger.webhooks.webhook import CHANNELS, INTERNAL_KINDS, EventKind, WebhookEvent, split

PAGE, PSID = "108823774519302", "7421908834567012"
ANSWER = survey_answered(PAGE, PSID, "s1", score=5, comment="Forged!", at_ms=1_795_166_112_000)
REFUSAL = files_refused(PAGE, PSID, "m1", AutomatedTrigger.FILE_TOO_LARGE, at_ms=1_795_166_112_000)


_comments = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1)


@given(st.none() | st.integers(0, 10), st.none() | _comments)
def test_it_reads_as_it_was_written(score: int | None, comment: str | None) -> None:
    written = survey_answered(PAGE, PSID, "s1", score=score, comment=comment, at_ms=1)
    assert written.raw.isascii()
    read = parse_internal(written.kind, written.raw)
    assert read == SurveyAnswered(None, None, survey_id="s1", score=score, comment=comment)


def test_the_same_facts_have_the_same_key_and_content() -> None:
    again = survey_answered(PAGE, PSID, "s1", score=5, comment="Forged!", at_ms=1_795_166_999_000)
    assert (again.key, again.raw) == (ANSWER.key, ANSWER.raw)
    assert parse_internal(REFUSAL.kind, REFUSAL.raw) == FilesRefused(
        None, None, message_id="m1", trigger=AutomatedTrigger.FILE_TOO_LARGE
    )


@pytest.mark.parametrize("event", [ANSWER, REFUSAL], ids=lambda event: event.kind)
def test_no_delivery_makes_one(event: WebhookEvent) -> None:
    """Whatever names, channels and keys of ours it carries, and wherever it has them."""
    facts = json.loads(event.raw)
    around = {"sender": {"id": PSID}, "recipient": {"id": PAGE}, "timestamp": 1_795_166_112_000}
    marked = {"channel": PAGEDESK_CHANNEL, "kind": event.kind, "key": event.key, "event_key": event.key}
    items = [
        {event.kind: facts, **around},
        {**marked, **facts, **around},
        {"message": {"mid": event.key, **facts}, **marked, **around},
        {"message": {"mid": f":{event.key}", event.kind: facts}, **around},
        {"postback": {"mid": event.key, "payload": event.key, **facts}, **around},
        {"reaction": {"mid": event.key, "action": event.kind}, **around},
        facts,
    ]
    for channel in (*CHANNELS, PAGEDESK_CHANNEL):
        for item in items:
            entry = {"id": PAGE, "time": 1, channel: [item], **marked}
            found = split(json.dumps({"object": "page", "entry": [entry], **marked}).encode())
            assert found
            for each in found:
                assert each.kind not in INTERNAL_KINDS
                assert each.channel in (*CHANNELS, "body")
                assert not each.key.startswith(PAGEDESK_CHANNEL)


def test_the_kinds_are_those_of_the_two() -> None:
    assert {EventKind.SURVEY_ANSWERED, EventKind.FILES_REFUSED} == INTERNAL_KINDS
