"""What agents are shown of each example delivery: the table is tests/fixtures/shown.json.

A message's fields that are empty are left out there, and so are ids and instants. An event that becomes no
message is a line in the timeline (`events`), a change of a message (`changes`), or only kept (`kept`). That
the window opened is told with whatever opens it.
"""

import json
from typing import Any

import pytest

from api.schemas.views import MessageView
from store.tables import EarlyChange, Event, Message, UnroutedEvent
from support.intake import Intake
from support.paths import PAYLOADS
from support.store import payload, rows

TABLE: dict[str, dict[str, list[Any]]] = json.loads((PAYLOADS.parent / "shown.json").read_text())
FILES = sorted(path.name for path in PAYLOADS.glob("*.json"))
SENT_AT_MS = 1795166112000
_LEFT_OUT = {"id", "mid", "session_id", "attempt", "occurred_at", "received_at", "sent_at"}


def test_the_table_has_every_delivery() -> None:
    assert sorted(TABLE) == FILES


@pytest.mark.parametrize("name", FILES)
async def test_it_is_shown_as_what_it_is(intake: Intake, name: str) -> None:
    await intake.receive((PAYLOADS / name).read_bytes(), received_ms=SENT_AT_MS + 1500)
    await intake.route_new()
    assert await shown(intake) == TABLE[name]


async def shown(intake: Intake) -> dict[str, list[Any]]:
    """All that one delivery leaves to be seen."""
    found: dict[str, list[Any]] = {
        "messages": [_view(row) for row in await rows(intake.store, Message)],
        "events": [row.kind for row in await rows(intake.store, Event) if row.kind != "window.opened"],
        "changes": [row.kind for row in await rows(intake.store, EarlyChange)],
        "kept": [f"{row.disposition}: {row.reason}" for row in await rows(intake.store, UnroutedEvent)],
    }
    return {name: listed for name, listed in found.items() if listed}


def _view(message: Message) -> dict[str, Any]:
    view = MessageView.of(message, None, {}).model_dump(mode="json", exclude=_LEFT_OUT)
    kept = {name: value for name, value in view.items() if value not in (None, [], False)}
    for attachment in kept.get("attachments", []):
        for name in [name for name, value in attachment.items() if value is None]:
            del attachment[name]
    return kept


def _mid(name: str) -> str:
    mid: str = payload(name)["entry"][0]["messaging"][0]["message"]["mid"]
    return mid


async def _gets(intake: Intake, kind: str, value: dict[str, Any], after_ms: int = 1000) -> None:
    """A change of the message of text_single.json arrives."""
    event = payload("text_single.json")
    (changed,) = event["entry"][0]["messaging"]
    del changed["message"]
    changed |= {"timestamp": SENT_AT_MS + after_ms, kind: {"mid": _mid("text_single.json"), **value}}
    await intake.receive(json.dumps(event).encode(), received_ms=SENT_AT_MS + after_ms + 500)
    await intake.route_new()


async def _view_of(intake: Intake) -> dict[str, Any]:
    (message,) = await rows(intake.store, Message)
    return MessageView.of(message, None, {}).model_dump(mode="json")


@pytest.fixture
async def written(intake: Intake) -> Any:
    """A message to be changed."""
    await intake.receive(json.dumps(payload("text_single.json")).encode(), received_ms=SENT_AT_MS + 500)
    await intake.route_new()
    return intake


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2), (2, 3, 1), (3, 2, 1)])
async def test_edits_in_any_order_show_the_last_text_and_the_way_there(
    written: Any, order: tuple[int, ...]
) -> None:
    for number in order:
        await _gets(written, "message_edit", {"text": f"text {number}", "num_edit": number}, number)
    view = await _view_of(written)
    assert view["text"] == "text 3"
    first = "Hello, is the blue jacket still available in size M?"
    assert [(edit["number"], edit["former_text"], edit["text"]) for edit in view["edits"]] == [
        (1, first, "text 1"),
        (2, "text 1", "text 2"),
        (3, "text 2", "text 3"),
    ]


async def test_an_edit_without_a_number_is_the_newest(written: Any) -> None:
    await _gets(written, "message_edit", {"text": "first", "num_edit": 1}, 1)
    await _gets(written, "message_edit", {"text": "second"}, 2)
    view = await _view_of(written)
    assert (view["text"], [edit["number"] for edit in view["edits"]]) == ("second", [1, 2])


async def test_what_was_taken_back_shows_nothing_of_what_it_said_whatever_comes_after(written: Any) -> None:
    await _gets(written, "message_edit", {"text": "secret", "num_edit": 1}, 1)
    await _gets(written, "message", {"is_deleted": True}, 2)
    await _gets(written, "message_edit", {"text": "more of it", "num_edit": 2}, 3)
    view = await _view_of(written)
    assert (view["text"], view["edits"], view["attachments"]) == (None, [], [])
    assert view["deleted_at"] is not None


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ([(1, "love", "react")], ["love"]),
        ([(1, "love", "react"), (2, "sad", "react")], ["sad"]),
        ([(2, "sad", "react"), (1, "love", "react")], ["sad"]),
        ([(1, "love", "react"), (2, "love", "unreact")], []),
        ([(2, "love", "unreact"), (1, "love", "react")], []),
        ([(1, "love", "react"), (2, "love", "unreact"), (3, "wow", "react")], ["wow"]),
    ],
)
async def test_the_latest_reaction_is_shown_and_none_that_was_taken_back(
    written: Any, said: list[tuple[int, str, str]], left: list[str]
) -> None:
    for at, reaction, action in said:
        value = {"reaction": reaction, "emoji": "x", "action": action}
        await _gets(written, "reaction", value, after_ms=1000 * at)
    view = await _view_of(written)
    assert [one["reaction"] for one in view["reactions"]] == left


@pytest.mark.parametrize(
    ("message", "kind", "types"),
    [
        ({"attachments": [{"type": "hologram", "payload": {"depth": 3}}]}, "message", ["hologram"]),
        ({"attachments": [{"payload": {"url": "https://x.test/"}}]}, "message", ["unknown"]),
        ({"poll": {"question": "Which?"}}, "unsupported", []),
    ],
)
async def test_what_nobody_knows_yet_is_shown_as_such(
    intake: Intake, message: dict[str, Any], kind: str, types: list[str]
) -> None:
    event = payload("text_single.json")
    event["entry"][0]["messaging"][0]["message"] = {"mid": "m_new", **message}
    await intake.receive(json.dumps(event).encode(), received_ms=SENT_AT_MS + 500)
    await intake.route_new()
    view = await _view_of(intake)
    assert (view["kind"], [each["type"] for each in view["attachments"]]) == (kind, types)
    if types == ["hologram"]:
        assert view["attachments"][0]["payload"] == {"depth": 3}


async def test_an_event_of_an_unknown_kind_stands_in_the_timeline_of_a_known_customer(written: Any) -> None:
    await _gets(written, "telepathy", {"strength": 7})
    await _gets(written, "order", {"products": [{"id": "1", "quantity": 1}]}, after_ms=2000)
    assert [row.kind for row in await rows(written.store, Event)] == [
        *("window.opened", "customer.unknown", "customer.order")
    ]
    assert len(await rows(written.store, UnroutedEvent)) == 2
