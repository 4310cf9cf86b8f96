"""The catalogue of events is what the router follows: its rows and the functions that apply them agree."""

from typing import get_type_hints

from domain.conversations.state import ThreadEventKind
from domain.workstreams.conversation_settings import AutomatedTrigger
from ingest.events.effects import EFFECTS
from messenger.webhooks.catalogue import CATALOGUE
from messenger.webhooks.catalogue_row import PAGE_EFFECTS, RAW_EFFECTS, Effect
from messenger.webhooks.classify import classify
from messenger.webhooks.internal_events import files_refused, parse_internal, survey_answered
from messenger.webhooks.parse_event import parse
from messenger.webhooks.webhook import split
from support.intake import Intake
from support.paths import PAYLOADS
from support.store import APP_ID, PAGE_A


def test_every_effect_is_of_some_row_and_has_a_function_or_is_the_routers_own() -> None:
    assert {row.effect for row in CATALOGUE} == set(Effect)
    assert EFFECTS.keys() | RAW_EFFECTS | PAGE_EFFECTS == set(Effect)
    assert not EFFECTS.keys() & (RAW_EFFECTS | PAGE_EFFECTS)


def test_every_function_takes_what_the_events_of_its_rows_are_parsed_to() -> None:
    seen = set()
    for file in PAYLOADS.glob("*.json"):
        for event in split(file.read_bytes()):
            parsed = parse(event.kind, event.raw)
            row = classify(event.kind, event.channel, parsed, own_app_id=APP_ID)
            if row.effect in EFFECTS:
                wanted, *_ = get_type_hints(EFFECTS[row.effect]).values()
                assert isinstance(parsed, wanted), (file.name, row.effect)
                seen.add(row.effect)
    internal = [
        survey_answered("1", "2", "survey", score=5, comment=None, at_ms=1),
        files_refused("1", "2", "message", AutomatedTrigger.FILE_TOO_LARGE, at_ms=1),
    ]
    for event in internal:
        parsed = parse_internal(event.kind, event.raw)
        row = classify(event.kind, event.channel, parsed, own_app_id=APP_ID)
        wanted, *_ = get_type_hints(EFFECTS[row.effect]).values()
        assert isinstance(parsed, wanted), row.effect
        seen.add(row.effect)
    # Nobody but our own surveys makes these; `test_survey_answers` has them.
    assert EFFECTS.keys() - seen == {Effect.SURVEY_BUTTON, Effect.FEEDBACK}


async def test_a_conversation_is_told_what_the_row_says_and_nothing_else(intake: Intake) -> None:
    told: set[ThreadEventKind] = set()
    for file in sorted(PAYLOADS.glob("*.json")):
        events = split(file.read_bytes())
        await intake.receive(file.read_bytes())
        routed = await intake.route_new()
        rows = [
            classify(event.kind, event.channel, parse(event.kind, event.raw), own_app_id=APP_ID)
            for event in events
            if event.page_id == PAGE_A
        ]
        allowed = {row.thread_event for row in rows}
        if any(row.effect is Effect.ECHO for row in rows):
            allowed.add(ThreadEventKind.OUTSIDE_MESSAGE)  # there is no message of ours to confirm
        kinds = {event.kind for thread in routed.threads for event in thread.events}
        assert kinds <= allowed, file.name
        told |= kinds
    assert told == {
        ThreadEventKind.MESSAGE,
        ThreadEventKind.POSTBACK,
        ThreadEventKind.ENTRY,
        ThreadEventKind.STANDBY_MESSAGE,
        ThreadEventKind.OUTSIDE_MESSAGE,
        ThreadEventKind.WINDOW_OPENING,
    }
