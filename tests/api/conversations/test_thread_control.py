"""Conversation routing over the API: what is known, what agents ask of Meta, what a reply is refused for."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from freezegun import freeze_time
from sqlmodel import select

from domain.conversations.lifecycle import Status
from store import tables
from support.api import NOW, Api, Seed, Thread

BOT, INBOX = "2045518837702214", "263902037430900"
HELLO = {"text": "Hello"}


def _address(thread: Thread, what: str = "") -> str:
    return f"/v1/conversations/{thread.conversation_id}{what}"


async def _owned(api: Api, thread: Thread, owner: str, app_id: str | None, at: datetime = NOW) -> None:
    def set_it(session: Any) -> None:
        row = session.get_one(tables.Thread, thread.customer_id)
        row.owner, row.owner_app_id, row.owner_known_at = owner, app_id, at

    await api.database.write(set_it)


async def _says(api: Api, thread: Thread, key: str = "one") -> httpx.Response:
    return await api.admin.post(_address(thread, "/messages"), json=HELLO, headers={"Idempotency-Key": key})


def _names(api: Api, app_id: str | None) -> None:
    """Meta names an owner from now on."""
    owners = [{"thread_owner": {"app_id": app_id, "expiration": "2026-11-21T12:00:00+0000"}}]
    api.meta.answer = lambda _: httpx.Response(200, json={"data": owners if app_id else []})


async def test_a_conversation_shows_who_has_its_thread_until_that_lapses(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    unknown = {"kind": "unknown", "app_id": None, "known_at": None}
    assert (await api.admin.get(_address(thread))).json()["thread_owner"] == unknown
    await _owned(api, thread, "another_app", BOT)
    with freeze_time(NOW + timedelta(hours=23)):
        shown = (await api.admin.get(_address(thread))).json()["thread_owner"]
        assert shown == {"kind": "another_app", "app_id": BOT, "known_at": "2026-11-20T12:00:00Z"}
    with freeze_time(NOW + timedelta(hours=24)):
        assert (await api.admin.get(_address(thread))).json()["thread_owner"] == unknown
        customer = (await api.admin.get(f"/v1/customers/{thread.customer_id}")).json()
        assert customer["thread_owner"] == unknown


@pytest.mark.parametrize(("app_id", "kind"), [(BOT, "another_app"), (INBOX, "page_inbox")])
async def test_a_reply_is_refused_before_it_is_kept_while_another_app_has_the_thread(
    api: Api, seed: Seed, app_id: str, kind: str
) -> None:
    with freeze_time(NOW):
        thread = await seed.conversation(status=Status.ACTIVE)
        await _owned(api, thread, kind, app_id)
        _names(api, app_id)
        refused = await _says(api, thread)
    assert (refused.status_code, refused.json()["code"]) == (409, "thread_owned_by_another_app")
    assert refused.json()["thread_owner"] == {
        "kind": kind,
        "app_id": app_id,
        "known_at": "2026-11-20T12:00:00Z",
    }
    assert "thread/take" in refused.json()["detail"]
    assert api.engine.commands == []
    assert await api.database.read(lambda s: list(s.exec(select(tables.Message)))) == []
    ((method, edge, given),) = api.meta.calls
    assert (method, edge, given["recipient"]) == ("GET", "thread_owner", "7" + thread.customer_id[:8])


@pytest.mark.parametrize("named", [None, "ours"])
async def test_a_thread_that_meta_says_is_free_is_answered_at_once(
    api: Api, seed: Seed, named: str | None
) -> None:
    with freeze_time(NOW):
        thread = await seed.conversation(status=Status.ACTIVE)
        await _owned(api, thread, "another_app", None, NOW - timedelta(hours=1))
        _names(api, f"9{thread.page_id}" if named else None)
        assert (await _says(api, thread)).status_code == 201
        shown = (await api.admin.get(_address(thread))).json()["thread_owner"]
        assert shown["kind"] == ("us" if named else "unknown")
        assert (await _says(api, thread, "two")).status_code == 201
    assert len(api.meta.calls) == 1


async def test_where_meta_is_silent_what_is_known_stands(api: Api, seed: Seed) -> None:
    with freeze_time(NOW):
        thread = await seed.conversation(status=Status.ACTIVE)
        await _owned(api, thread, "another_app", BOT)
        api.meta.answer = lambda _: httpx.Response(503, text="<html>")
        assert (await _says(api, thread)).json()["code"] == "thread_owned_by_another_app"
    with freeze_time(NOW + timedelta(hours=24)):
        assert (await _says(api, thread)).status_code == 201
    assert len(api.meta.calls) == 1


async def test_a_reply_that_is_kept_already_is_not_refused_when_it_is_repeated(api: Api, seed: Seed) -> None:
    with freeze_time(NOW):
        thread = await seed.conversation(status=Status.ACTIVE)
        first = await _says(api, thread)
        await _owned(api, thread, "another_app", BOT)
        again = await _says(api, thread)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert api.meta.calls == []


async def test_saying_a_failed_message_again_is_judged_alike(api: Api, seed: Seed) -> None:
    with freeze_time(NOW):
        thread = await seed.conversation(status=Status.ACTIVE)
        message_id = await seed.message(
            thread, "Hi", direction="outbound", sender_kind="agent", status="failed"
        )
        await _owned(api, thread, "another_app", BOT)
        _names(api, BOT)
        again = f"/v1/messages/{message_id}/resend"
        refused = await api.admin.post(again, headers={"Idempotency-Key": "one"})
        assert (refused.status_code, refused.json()["code"]) == (409, "thread_owned_by_another_app")
        _names(api, None)
        assert (await api.admin.post(again, headers={"Idempotency-Key": "one"})).status_code == 201


@pytest.mark.parametrize(
    ("action", "body", "given", "owner", "told"),
    [
        ("take", None, {}, ("us", "own"), "thread.taken"),
        ("pass", None, {"target_app_id": INBOX}, ("page_inbox", INBOX), "thread.passed"),
        (
            "pass",
            {"app_id": BOT, "metadata": "wants a robot"},
            {"target_app_id": BOT, "metadata": "wants a robot"},
            ("another_app", BOT),
            "thread.passed",
        ),
        ("release", None, {}, ("unknown", None), "thread.released"),
        ("request", None, {}, ("another_app", BOT), "thread.requested"),
    ],
)
async def test_what_agents_ask_of_meta_is_known_at_once_and_stands_in_the_timeline(
    api: Api,
    seed: Seed,
    action: str,
    body: dict[str, str] | None,
    given: dict[str, str],
    owner: tuple[str, str | None],
    told: str,
) -> None:
    with freeze_time(NOW):
        agent_id, agent = await api.somebody("agent")
        thread = await seed.conversation(status=Status.ACTIVE, agent_id=agent_id)
        own = f"9{thread.page_id}"
        await _owned(api, thread, "another_app", BOT)
        answer = await agent.post(_address(thread, f"/thread/{action}"), json=body)
    assert answer.status_code == 200, answer.text
    shown = answer.json()["thread_owner"]
    assert (shown["kind"], shown["app_id"]) == (owner[0], own if owner[1] == "own" else owner[1])
    ((method, edge, form),) = api.meta.calls
    assert (method, edge) == ("POST", f"{action}_thread_control")
    assert form == {"recipient": f'{{"id": "7{thread.customer_id[:8]}"}}'} | given
    (line,) = (await api.admin.get(_address(thread, "/timeline"))).json()["items"]
    assert (line["kind"], line["actor_id"]) == (told, agent_id)
    assert "robot" not in str(line)


@pytest.mark.parametrize("action", ["take", "pass", "release", "request"])
async def test_what_meta_refuses_changes_nothing(api: Api, seed: Seed, action: str) -> None:
    with freeze_time(NOW):
        thread = await seed.conversation(status=Status.ACTIVE)
        await _owned(api, thread, "another_app", BOT)
        api.meta.fail(10)
        refused = await api.admin.post(_address(thread, f"/thread/{action}"))
        assert (refused.status_code, refused.json()["code"]) == (409, "meta_refused")
        assert refused.json()["reason"] == "not_permitted"
        assert ("default app" in refused.json()["detail"]) is (action == "take")
        api.meta.fail(10, 2018300)
        theirs = await api.admin.post(_address(thread, f"/thread/{action}"))
        assert (theirs.status_code, theirs.json()["code"]) == (409, "thread_owned_by_another_app")
        shown = (await api.admin.get(_address(thread))).json()["thread_owner"]
    assert (shown["kind"], shown["app_id"]) == ("another_app", BOT)
    assert (await api.admin.get(_address(thread, "/timeline"))).json()["items"] == []


async def test_only_who_has_the_conversation_hands_its_thread_on(api: Api, seed: Seed) -> None:
    mia_id, _ = await api.somebody("agent", "Mia")
    _, tom = await api.somebody("agent", "Tom")
    thread = await seed.conversation(status=Status.ACTIVE, agent_id=mia_id)
    closed = await seed.conversation(page_id=thread.page_id, status=Status.CLOSED)
    for action in ("take", "pass", "release", "request"):
        refused = await tom.post(_address(thread, f"/thread/{action}"))
        assert (refused.status_code, refused.json()["code"]) == (409, "not_your_conversation")
        over = await api.admin.post(_address(closed, f"/thread/{action}"))
        assert (over.status_code, over.json()["code"]) == (409, "conversation_closed")
    assert api.meta.calls == []


@pytest.mark.parametrize(
    "body", [{"app_id": "inbox"}, {"app_id": ""}, {"metadata": "x" * 1001}, {"to": "1"}, []]
)
async def test_an_odd_pass_is_refused(api: Api, seed: Seed, body: Any) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    answer = await api.admin.post(_address(thread, "/thread/pass"), json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert api.meta.calls == []


async def test_a_thread_shows_its_messages_of_no_conversation_too(api: Api, seed: Seed) -> None:
    thread = await seed.conversation(status=Status.CLOSED)
    await seed.message(thread, "first")
    await seed.message(
        thread, "to the bot", conversation_id=None, standby=True, occurred_at=NOW + timedelta(1)
    )
    address = f"/v1/customers/{thread.customer_id}/messages"
    items = (await api.admin.get(address)).json()["items"]
    assert [(each["text"], each["standby"], each["conversation_id"]) for each in items] == [
        ("first", False, thread.conversation_id),
        ("to the bot", True, None),
    ]
    assert len(await api.walk(address, limit=1)) == 2
    assert (await api.admin.get("/v1/customers/nobody/messages")).status_code == 404
