"""Reading conversations: shapes, filters, order, pages, and what a list costs."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from freezegun import freeze_time
from sqlmodel import Session

from base.ids import new_id
from domain.conversations.lifecycle import Status
from store import tables
from support.api import NOW, Api, Seed, Thread

LIST = "/v1/conversations"


async def _ids(api: Api, **params: Any) -> list[str]:
    answer = await api.admin.get(LIST, params=params)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_a_conversation_is_shown_as_designed(api: Api, seed: Seed) -> None:
    agent_id, _ = await api.somebody("agent")
    thread = await seed.conversation(status=Status.ACTIVE, agent_id=agent_id)
    with freeze_time(NOW + timedelta(hours=25)):
        shown = (await api.admin.get(f"{LIST}/{thread.conversation_id}")).json()
    assert shown["customer"].keys() == {"id", "psid", "name"}
    assert shown["customer"]["name"] == "Ada"
    assert shown["window"] == {
        "stage": "human_agent",
        "opened_by": "message",
        "opened_at": "2026-11-20T12:00:00Z",
        "standard_until": "2026-11-21T12:00:00Z",
        "human_agent_until": "2026-11-27T12:00:00Z",
    }
    assert shown["session"]["agent_id"] == shown["agent_id"] == agent_id
    assert (shown["status"], shown["version"], shown["page_id"]) == ("active", 1, thread.page_id)


async def test_the_newest_activity_comes_first_and_pages_end(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    made = [
        (
            await seed.conversation(page_id=page_id, last_message_at=NOW + timedelta(minutes=minute))
        ).conversation_id
        for minute in (3, 1, 4, 1, 5)
    ]
    expected = [made[4], made[2], made[0], *sorted((made[1], made[3]), reverse=True)]
    assert await _ids(api) == expected
    assert await api.walk(LIST, limit=2) == expected


async def test_a_list_costs_the_same_few_statements_however_long(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    for _ in range(12):
        await seed.conversation(page_id=page_id, status=Status.ACTIVE)
    client = api.admin
    for params in ({}, {"q": "Ada", "window": "closed", "status": "active"}):
        with api.counted_statements() as statements:
            found = await client.get(LIST, params=params)
        assert len(found.json()["items"]) == 12
        # Who asks, which ones, these, who takes part in them, what they are judged by, and their details.
        assert len(statements) == 6, statements


async def test_a_row_tells_what_was_said_last_what_is_owed_and_what_is_in_trouble(
    api: Api, seed: Seed
) -> None:
    agent_id, agent = await api.somebody("agent", "Mia")
    thread = await seed.conversation(
        status=Status.ACTIVE, agent_id=agent_id, owed_since=NOW + timedelta(minutes=2)
    )
    ours = {"direction": "outbound", "sender_kind": "agent"}
    minutes = [NOW + timedelta(minutes=minute) for minute in range(7)]
    await seed.message(thread, "Hi", occurred_at=minutes[0])
    await seed.message(thread, "Hello", occurred_at=minutes[1], status="sent", **ours)
    await seed.message(thread, "Where is it?", occurred_at=minutes[2])
    last = await seed.message(thread, "x" * 130, occurred_at=minutes[3])
    for status in ("held", "failed", "failed", "unknown"):
        await seed.message(thread, "Sorry", occurred_at=minutes[1], status=status, **ours)
    automatic = {"direction": "outbound", "sender_kind": "automatic", "status": "sent"}
    await seed.message(thread, "One moment", occurred_at=minutes[5], **automatic)
    await seed.message(
        thread, "A notice", direction="internal", sender_kind="automatic", occurred_at=minutes[6]
    )
    with freeze_time(minutes[6]):
        (shown,) = (await agent.get(LIST)).json()["items"]
        assert shown == (await agent.get(f"{LIST}/{thread.conversation_id}")).json()
    assert shown["last_message"] == {
        "id": last,
        "text": "x" * 119 + "…",
        "direction": "inbound",
        "sender_kind": "customer",
        "agent_id": None,
        "kind": "message",
        "at": "2026-11-20T12:03:00Z",
        "status": None,
        "deleted_at": None,
    }
    assert shown["owed_since"] == "2026-11-20T12:02:00Z"
    assert shown["warning_at"] == "2026-11-21T11:00:00Z"
    assert shown["changed_at"] == "2026-11-20T12:06:00Z"
    assert (shown["held"], shown["failed"], shown["unknown"]) == (1, 2, 1)
    assert shown["agent"] == {"id": agent_id, "name": "Mia"}
    assert shown["page"] == {"id": thread.page_id, "name": "Shop"}
    assert (shown["queue"], shown["offer"], shown["priority"]) == (None, None, None)


async def test_a_row_tells_what_becomes_of_a_reply_and_what_one_may_do(api: Api, seed: Seed) -> None:
    agent_id, agent = await api.somebody("agent")
    thread = await seed.conversation(status=Status.ACTIVE, agent_id=agent_id)
    await api.database.write(lambda s: _in_conversation(s, thread))
    address = f"{LIST}/{thread.conversation_id}"
    with freeze_time(NOW + timedelta(hours=1)):
        shown = (await agent.get(address)).json()
        other = (await api.admin.get(address)).json()
        _, machine = await api.somebody("machine")
        refused = (await machine.get(address)).json()
    assert shown["reply"] == {
        "verdict": "allowed",
        "code": None,
        "allowed_by": "standard_window",
        "sent_as": "standard",
        "may_hold": False,
        "reopening_brings_tag": False,
        "changes_at": "2026-11-21T12:00:00Z",
        "then": {
            "verdict": "refused",
            "code": "human_agent_tag_disabled",
            "allowed_by": None,
            "sent_as": None,
        },
    }
    actions = {each["name"]: each for each in shown["actions"]}
    assert actions["close-session"] == {"name": "close-session", "legal": True, "reason": None}
    assert actions["force-close"]["reason"] == "not_your_conversation"
    assert other["reply"]["code"] == "not_your_conversation"
    assert {each["name"] for each in other["actions"] if each["legal"]} >= {"join", "monitor", "force-close"}
    assert refused["reply"]["code"] == "forbidden"
    assert {each["reason"] for each in refused["actions"]} == {"forbidden"}


def _in_conversation(session: Any, thread: Thread) -> None:
    session.get_one(tables.Conversation, thread.conversation_id).phase = "in_conversation"


async def test_a_reply_waits_while_the_page_may_send_nothing(api: Api, seed: Seed) -> None:
    agent_id, agent = await api.somebody("agent")
    thread = await seed.conversation(status=Status.ACTIVE, agent_id=agent_id)
    until = NOW + timedelta(minutes=10)

    def pause(session: Any) -> None:
        _in_conversation(session, thread)
        state = session.get_one(tables.PageSendState, thread.page_id)
        state.send_gate, state.send_gate_until = "paused", until

    await api.database.write(pause)
    with freeze_time(NOW):
        reply = (await agent.get(f"{LIST}/{thread.conversation_id}")).json()["reply"]
    assert (reply["verdict"], reply["code"], reply["sent_as"]) == ("later", "page_paused", "standard")
    assert (reply["changes_at"], reply["then"]["verdict"]) == ("2026-11-20T12:10:00Z", "allowed")


async def test_messages_and_timeline_cost_four_statements(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    for number in range(12):
        await seed.message(thread, f"Message {number}")
    client = api.admin
    for part in ("messages", "timeline"):
        with api.counted_statements() as statements:
            await client.get(f"{LIST}/{thread.conversation_id}/{part}")
        assert len(statements) == 4, statements  # who asks, whether it is seen, the conversation, its parts


async def test_filters_narrow(api: Api, seed: Seed) -> None:
    agent_id, agent = await api.somebody("agent")
    mine = await seed.conversation(status=Status.ACTIVE, agent_id=agent_id)
    theirs = await seed.conversation(status=Status.ACTIVE, agent_id=new_id())
    closed = await seed.conversation(page_id=mine.page_id, status=Status.CLOSED)
    everything = {each.conversation_id for each in (mine, theirs, closed)}
    assert set(await _ids(api)) == everything
    assert await _ids(api, status="closed") == [closed.conversation_id]
    assert set(await _ids(api, status=["active", "closed"])) == everything
    assert set(await _ids(api, page_id=mine.page_id)) == {mine.conversation_id, closed.conversation_id}
    assert await _ids(api, customer_id=theirs.customer_id) == [theirs.conversation_id]
    assert await _ids(api, agent_id=agent_id) == [mine.conversation_id]
    assert await _ids(api, agent_id="none") == [closed.conversation_id]
    assert await _ids(api, agent_id="none", q="Ada") == [closed.conversation_id]
    assert await _ids(api, agent_id="none", status="active") == []
    assert await _ids(api, queue_id=new_id()) == []
    own = (await agent.get(LIST, params={"agent_id": "me"})).json()["items"]
    assert [item["id"] for item in own] == [mine.conversation_id]


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ("standard", {"fresh", "ending"}),
        ("human_agent", {"late", "last_hour"}),
        ("closed", {"over", "exactly_over"}),
        ("closing_soon", {"ending", "last_hour"}),
    ],
)
async def test_windows_are_found_as_they_are_shown(
    api: Api, seed: Seed, window: str, expected: set[str]
) -> None:
    hour, page_id = timedelta(hours=1), await seed.page()
    ends = {
        "fresh": (NOW + 20 * hour, NOW + 164 * hour),
        "ending": (NOW + hour, NOW + 145 * hour),
        "late": (NOW, NOW + 144 * hour),
        "last_hour": (NOW - 143 * hour, NOW + hour),
        "over": (NOW - 200 * hour, NOW - 56 * hour),
        "exactly_over": (NOW - 144 * hour, NOW),
    }
    names = {}
    for name, (standard, human_agent) in ends.items():
        thread = await seed.conversation(
            page_id=page_id, standard_until=standard, human_agent_until=human_agent
        )
        names[thread.conversation_id] = name
    with freeze_time(NOW):
        found = (await api.admin.get(LIST, params={"window": window})).json()["items"]
    assert {names[item["id"]] for item in found} == expected
    if window != "closing_soon":
        assert {item["window"]["stage"] for item in found} == {window}


async def test_soon_is_what_the_workstream_warns_of(api: Api, seed: Seed) -> None:
    """One meaning: the list, its count, and the row's `warning_at`, which is when the event is told."""
    calm = (
        await api.admin.post("/v1/workstreams", json={"name": "Calm", "window_warning_minutes": 300})
    ).json()
    hasty = (
        await api.admin.post("/v1/workstreams", json={"name": "Hasty", "window_warning_minutes": 10})
    ).json()
    names = {}
    for name, workstream, minutes in (
        ("calm in 5 h", calm, 300),
        ("calm in 6 h", calm, 360),
        ("hasty in 10 min", hasty, 10),
        ("hasty in 11 min", hasty, 11),
    ):
        page_id = await seed.page()
        until = NOW + timedelta(minutes=minutes)
        thread = await seed.conversation(page_id=page_id, standard_until=until, owed_since=NOW)
        names[thread.conversation_id] = name
        await api.database.write(partial(_serve, page_id, workstream["id"]))
    with freeze_time(NOW):
        found = (await api.admin.get(LIST, params={"window": "closing_soon"})).json()["items"]
        counts = (await api.admin.get(f"{LIST}/counts")).json()
        every = (await api.admin.get(LIST)).json()["items"]
    assert {names[each["id"]] for each in found} == {"calm in 5 h", "hasty in 10 min"}
    assert counts["closing_soon"] == 2
    warned = {names[each["id"]] for each in every if each["warning_at"] <= "2026-11-20T12:00:00Z"}
    assert warned == {"calm in 5 h", "hasty in 10 min"}


def _serve(page_id: str, workstream_id: str, session: Session) -> None:
    session.get_one(tables.Page, page_id).workstream_id = workstream_id


async def test_what_is_owed_an_answer_is_listed_by_how_long(api: Api, seed: Seed) -> None:
    agent_id, agent = await api.somebody("agent")
    page_id = await seed.page()

    async def owed(minutes: int | None, **more: Any) -> str:
        since = NOW + timedelta(minutes=minutes) if minutes is not None else None
        return (await seed.conversation(page_id=page_id, owed_since=since, **more)).conversation_id

    second, none, first = await owed(2), await owed(None), await owed(1, last_message_at=NOW + timedelta(1))
    mine = await owed(3, status=Status.ACTIVE, agent_id=agent_id)
    assert await _ids(api, sort="owed") == [first, second, mine]
    assert await api.walk(LIST, limit=1, sort="owed") == [first, second, mine]
    assert await _ids(api, sort="owed", status="open", agent_id="none") == [first, second]
    assert await _ids(api, sort="owed", page_id=page_id, q="Ada") == [first, second, mine]
    assert await _ids(api, sort="owed", q="nobody") == []
    assert await _ids(api, owed="true", status="active") == [mine]
    assert await _ids(api, owed="false") == [none]
    shown = (await agent.get(LIST, params={"sort": "owed", "agent_id": "me"})).json()["items"]
    assert [each["owed_since"] for each in shown] == ["2026-11-20T12:03:00Z"]


async def test_what_ends_next_is_listed_first(api: Api, seed: Seed) -> None:
    hour, page_id = timedelta(hours=1), await seed.page()

    async def ending(standard: int, human_agent: int, status: Status = Status.OPEN) -> str:
        thread = await seed.conversation(
            page_id=page_id,
            status=status,
            standard_until=NOW + standard * hour,
            human_agent_until=NOW + human_agent * hour,
        )
        return thread.conversation_id

    in_standard, in_human_agent = await ending(5, 149), await ending(-100, 4)
    later, _over, _closed = await ending(20, 164), await ending(-200, -1), await ending(1, 2, Status.CLOSED)
    with freeze_time(NOW):
        assert await _ids(api, sort="deadline") == [in_human_agent, in_standard, later]
        assert await api.walk(LIST, limit=1, sort="deadline") == [in_human_agent, in_standard, later]
        assert await _ids(api, sort="deadline", window="human_agent") == [in_human_agent]


async def test_what_has_closed_since_an_instant_is_listed(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    at = [NOW + timedelta(minutes=minute) for minute in range(3)]
    closed = [
        (
            await seed.conversation(
                page_id=page_id, status=Status.CLOSED, closed_at=each, last_message_at=NOW - each_ago
            )
        ).conversation_id
        for each, each_ago in zip(at, (timedelta(0), timedelta(days=1), timedelta(days=2)), strict=True)
    ]
    await seed.conversation(page_id=page_id)
    assert await _ids(api, closed_since="2026-11-20T12:01:00Z") == [closed[1], closed[2]]
    assert await _ids(api, closed_since="2026-11-20T12:02:00.000001Z") == []


@pytest.mark.parametrize("sort", ["activity", "owed", "deadline"])
async def test_a_list_is_read_forwards_and_back(api: Api, seed: Seed, sort: str) -> None:
    page_id = await seed.page()
    for minute in range(5):
        at = NOW + timedelta(minutes=minute // 2)
        await seed.conversation(page_id=page_id, last_message_at=at, owed_since=at)
    with freeze_time(NOW):
        whole = await _ids(api, sort=sort)
        first = (await api.admin.get(LIST, params={"sort": sort, "limit": 2})).json()
        assert first["previous_cursor"] is None
        second = await _page(api, sort, first["next_cursor"])
        third = await _page(api, sort, second["next_cursor"])
        assert third["next_cursor"] is None
        back = await _page(api, sort, third["previous_cursor"])
        assert _of(back) == _of(second) == whole[2:4]
        start = await _page(api, sort, back["previous_cursor"])
        assert (_of(start), start["previous_cursor"]) == (whole[:2], None)
        assert _of(await _page(api, sort, start["next_cursor"])) == whole[2:4]
    others = {"activity": "owed", "owed": "deadline", "deadline": "activity"}
    refused = await api.admin.get(LIST, params={"sort": others[sort], "cursor": first["next_cursor"]})
    assert refused.json()["code"] == "invalid_cursor"


async def _page(api: Api, sort: str, cursor: str) -> dict[str, Any]:
    answer = await api.admin.get(LIST, params={"sort": sort, "limit": 2, "cursor": cursor})
    page: dict[str, Any] = answer.json()
    return page


def _of(page: dict[str, Any]) -> list[str]:
    return [each["id"] for each in page["items"]]


async def test_a_search_finds_names_and_words(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    ada = await seed.conversation(page_id=page_id, name="Ada Lovelace")
    bob = await seed.conversation(page_id=page_id, name="Bob")
    await seed.message(bob, "I was promised 100% of my money back, Émilie")
    await seed.message(bob, "Thank you for your patience", sender_kind="automatic", direction="outbound")
    assert await _ids(api, q="lovel") == [ada.conversation_id]
    assert await _ids(api, q="LOVELACE, ada") == [ada.conversation_id]
    assert await _ids(api, q="money promised EMILIE") == [bob.conversation_id]
    assert await _ids(api, q="100% of my mon") == [bob.conversation_id]
    for not_said in ("mone back", "lace", "patience", "money lovelace", "%", "_", "\\", "' OR 1=1 --", "👍"):
        assert await _ids(api, q=not_said) == [], not_said


async def test_a_search_is_narrowed_like_any_list(api: Api, seed: Seed) -> None:
    open_one = await seed.conversation(name="Ada Lovelace")
    closed = await seed.conversation(page_id=open_one.page_id, name="Ada Lovelace", status=Status.CLOSED)
    elsewhere = await seed.conversation(name="Ada Lovelace", last_message_at=NOW - timedelta(hours=1))
    assert set(await _ids(api, q="ada")) == {each.conversation_id for each in (open_one, closed, elsewhere)}
    assert await _ids(api, q="ada", status="closed") == [closed.conversation_id]
    assert await _ids(api, q="ada", page_id=elsewhere.page_id) == [elsewhere.conversation_id]
    assert await _ids(api, q="ada", customer_id=closed.customer_id) == [closed.conversation_id]
    first = (await api.admin.get(LIST, params={"q": "ada", "limit": 2})).json()
    rest = await _ids(api, q="ada", cursor=first["next_cursor"])
    assert rest == [elsewhere.conversation_id]


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 0},
        {"limit": -1},
        {"limit": 10**9},
        {"limit": "abc"},
        {"limit": "1.5"},
        {"limit": "true"},
        {"status": "asleep"},
        {"status": "closed' OR '1'='1"},
        {"window": "open"},
        {"page_id": "abc"},
        {"page_id": "1 OR 1=1"},
        {"agent_id": "../x"},
        {"customer_id": "x" * 65},
        {"q": ""},
        {"q": "x" * 101},
        {"q": "a\x00b"},
        {"cursor": "x" * 501},
    ],
)
async def test_a_bad_filter_is_refused(api: Api, params: dict[str, Any]) -> None:
    answer = await api.admin.get(LIST, params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_a_cursor_that_this_list_did_not_give_is_refused(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    for _ in range(3):
        thread = await seed.conversation(page_id=page_id)
    for _ in range(3):
        await seed.message(thread, "Hi")
    messages = f"{LIST}/{thread.conversation_id}/messages"
    foreign = (await api.admin.get(messages, params={"limit": 1})).json()["next_cursor"]
    own = (await api.admin.get(LIST, params={"limit": 1})).json()["next_cursor"]
    assert foreign
    assert own
    forged = [
        "x",
        "!!!!",
        "bnVsbA",
        "W10",
        own[:-2],
        own + "AAAA",
        foreign,
        "eyJhIjoxfQ",
        "WyJjb252ZXJzYXRpb25zIixbMSwyXV0",  # ["conversations",[1,2]]
        "é",
    ]
    for cursor in forged:
        answer = await api.admin.get(LIST, params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor"), cursor


@pytest.mark.parametrize("part", ["", "/messages", "/timeline"])
@pytest.mark.parametrize(
    "malformed",
    ["0" * 32, "0000-0000", "..%2f..%2fetc", "%00", "x" * 10_000, "' OR 1=1", "{}", "%E2%80%AE"],
)
async def test_an_id_that_is_none_is_not_found(api: Api, part: str, malformed: str) -> None:
    answer = await api.admin.get(f"{LIST}/{malformed}{part}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_messages_come_in_metas_time_then_in_order_of_arrival(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    second = await seed.message(thread, "two", thread_seq=2)
    first = await seed.message(thread, "one", thread_seq=1)
    ours = await seed.message(thread, "three", direction="outbound", sender_kind="agent", status="sent")
    early = await seed.message(thread, "zero", thread_seq=3, occurred_at=NOW - timedelta(seconds=1))
    address = f"{LIST}/{thread.conversation_id}/messages"
    expected = [early, first, second, ours]
    assert [item["id"] for item in (await api.admin.get(address)).json()["items"]] == expected
    assert await api.walk(address, limit=1) == expected


async def test_receipts_show_in_the_status_of_what_was_sent(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    sent = {"direction": "outbound", "sender_kind": "agent", "status": "sent"}
    times = [NOW, NOW + timedelta(minutes=1), NOW + timedelta(minutes=2)]
    for number, at in enumerate(times):
        await seed.message(thread, str(number), occurred_at=at, **sent)

    def receipts(session: Any) -> None:
        row = session.get_one(tables.Thread, thread.customer_id)
        row.read_until, row.delivered_until = times[0], times[1]

    await api.database.write(receipts)
    shown = (await api.admin.get(f"{LIST}/{thread.conversation_id}/messages")).json()["items"]
    assert [item["status"] for item in shown] == ["read", "delivered", "sent"]


async def test_a_customer_is_shown_with_window_and_live_conversation(api: Api, seed: Seed) -> None:
    live = await seed.conversation()
    done = await seed.conversation(page_id=live.page_id, status=Status.CLOSED, name=None)
    with freeze_time(NOW):
        shown = (await api.admin.get(f"/v1/customers/{live.customer_id}")).json()
        other = (await api.admin.get(f"/v1/customers/{done.customer_id}")).json()
    assert (shown["name"], shown["live_conversation_id"]) == ("Ada", live.conversation_id)
    assert shown["window"]["stage"] == "standard"
    assert (other["name"], other["live_conversation_id"]) == (None, None)
    assert (await api.admin.get("/v1/customers/404")).status_code == 404


async def test_reading_changes_nothing(api: Api, seed: Seed) -> None:
    thread = await seed.conversation()
    await seed.message(thread, "Hi")
    client = api.admin
    with api.counted_statements() as statements:
        for path in _readable(thread):
            assert (await client.get(path)).status_code == 200, path
    assert {statement.split()[0] for statement in statements} == {"SELECT"}


def _readable(thread: Thread) -> list[str]:
    one = f"{LIST}/{thread.conversation_id}"
    return [
        *(LIST, one, f"{one}/messages", f"{one}/timeline", f"/v1/customers/{thread.customer_id}"),
        *("/v1/accounts", f"/v1/pages/{thread.page_id}", "/v1/workstreams", "/v1/agents", "/v1/me"),
        *("/v1/webhook-events/unrouted", "/healthz", "/readyz"),
    ]
