"""Typing and seen: shown to the customer at once or not at all."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from freezegun import freeze_time
from sqlmodel import select

from domain.conversations.lifecycle import Status
from store import tables
from support.api import NOW, Api, Seed, Thread


def _address(thread: Thread, what: str = "typing") -> str:
    return f"/v1/conversations/{thread.conversation_id}/{what}"


@pytest.mark.parametrize(
    ("what", "body", "action"),
    [
        ("typing", None, "typing_on"),
        ("typing", {"on": True}, "typing_on"),
        ("typing", {"on": False}, "typing_off"),
        ("seen", None, "mark_seen"),
    ],
)
async def test_meta_is_asked_to_show_it_and_nothing_is_kept(
    api: Api, seed: Seed, what: str, body: dict[str, Any] | None, action: str
) -> None:
    with freeze_time(NOW):
        thread = await seed.conversation(status=Status.ACTIVE)
        answer = await api.admin.post(_address(thread, what), json=body)
    assert (answer.status_code, answer.content) == (204, b""), answer.text
    ((method, edge, given),) = api.meta.calls
    assert (method, edge) == ("POST", "messages")
    assert given == {"recipient": {"id": "7" + thread.customer_id[:8]}, "sender_action": action}
    assert api.engine.commands == []
    assert await api.database.read(lambda s: list(s.exec(select(tables.Message)))) == []


@pytest.mark.parametrize("body", [{"on": "yes"}, {"on": 1}, {"off": True}, [], "on"])
async def test_an_odd_body_is_refused(api: Api, seed: Seed, body: Any) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    answer = await api.admin.post(_address(thread), json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert api.meta.calls == []


async def test_only_who_has_the_conversation_may_show_it(api: Api, seed: Seed) -> None:
    with freeze_time(NOW):
        mia_id, mia = await api.somebody("agent", "Mia")
        _, tom = await api.somebody("agent", "Tom")
        _, eve = await api.somebody("supervisor", "Eve")
        _, machine = await api.somebody("machine", "M")
        thread = await seed.conversation(status=Status.ACTIVE, agent_id=mia_id)
        assert (await mia.post(_address(thread))).status_code == 204
        assert (await eve.post(_address(thread))).status_code == 204
        refused = await tom.post(_address(thread))
        assert (refused.status_code, refused.json()["code"]) == (409, "not_your_conversation")
        assert (await machine.post(_address(thread))).status_code == 403
    assert len(api.meta.calls) == 2


async def test_a_closed_conversation_shows_nothing(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.CLOSED)
    for what in ("typing", "seen"):
        answer = await api.admin.post(_address(thread, what))
        assert (answer.status_code, answer.json()["code"]) == (409, "conversation_closed")
    assert api.meta.calls == []


@pytest.mark.parametrize(
    ("later", "code"), [(23, None), (25, "automated_message_outside_window"), (8 * 24, "window_closed")]
)
async def test_it_is_shown_inside_the_standard_window_only(
    api: Api, seed: Seed, later: int, code: str | None
) -> None:
    with freeze_time(NOW):
        thread = await seed.conversation(status=Status.ACTIVE)
    with freeze_time(NOW + timedelta(hours=later)):
        answer = await api.admin.post(_address(thread))
    if code is None:
        assert answer.status_code == 204
    else:
        assert (answer.status_code, answer.json()["code"]) == (409, code)
        assert api.meta.calls == []


@pytest.mark.parametrize(
    ("code", "subcode", "status", "expected"),
    [
        (10, 2018300, 400, "thread_owned_by_another_app"),
        (190, 460, 400, "meta_refused"),
        (551, None, 400, "meta_refused"),
        (613, None, 400, "meta_unavailable"),
        (2, None, 400, "meta_unavailable"),
        (1, None, 500, "meta_unavailable"),
    ],
)
async def test_what_meta_answers_is_told(
    api: Api, seed: Seed, code: int, subcode: int | None, status: int, expected: str
) -> None:
    with freeze_time(NOW):
        thread = await seed.conversation(status=Status.ACTIVE)
        api.meta.fail(code, subcode, status)
        answer = await api.admin.post(_address(thread))
    assert (answer.status_code, answer.json()["code"]) == (
        503 if expected == "meta_unavailable" else 409,
        expected,
    )
    if expected == "meta_refused":
        assert (answer.json()["meta_code"], answer.json()["meta_subcode"]) == (code, subcode)
    assert len(api.meta.calls) == 1


async def test_a_meta_that_does_not_answer_is_told(api: Api, seed: Seed) -> None:
    def cut(_request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("cut")

    with freeze_time(NOW):
        thread = await seed.conversation(status=Status.ACTIVE)
        api.meta.answer = cut
        answer = await api.admin.post(_address(thread))
    assert (answer.status_code, answer.json()["code"]) == (503, "meta_unavailable")
    assert len(api.meta.calls) == 1


async def test_a_page_that_may_not_send_is_not_tried(api: Api, seed: Seed) -> None:
    with freeze_time(NOW):
        thread = await seed.conversation(status=Status.ACTIVE)

        def hold(session: Any) -> None:
            session.get_one(tables.PageSendState, thread.page_id).send_gate = "held"

        await api.database.write(hold)
        answer = await api.admin.post(_address(thread))
    assert (answer.status_code, answer.json()["code"]) == (409, "page_not_sending")
    assert api.meta.calls == []


async def test_it_cannot_flood_a_customer(api: Api, seed: Seed) -> None:
    with freeze_time(NOW):
        thread = await seed.conversation(status=Status.ACTIVE)
        answers = [await api.admin.post(_address(thread)) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [204] * 10 + [429]
    assert len(api.meta.calls) == 10
