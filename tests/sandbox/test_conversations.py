"""The Conversations API: what can be read back, and what not."""

import pytest

from sandbox.graph_errors import GraphError
from sandbox.graph_fields import parse
from support.sandbox_driver import APP, PAGE, PSID, TOKEN, Messenger, error_of


async def conversation_id(messenger: Messenger) -> str:
    answer = await messenger.graph("GET", f"/v26.0/{PAGE}/conversations", platform="messenger", user_id=PSID)
    await messenger.advance(1)  # two calls a second are allowed
    found: str = answer.json()["data"][0]["id"]
    return found


async def test_conversations_are_listed_newest_first(messenger: Messenger) -> None:
    await messenger.act("say", text="first")
    other = (await messenger.control("/customers", page_id=PAGE, name="Bo"))["psid"]
    await messenger.advance(60)
    await messenger.act("say", psid=other, text="second")
    answer = await messenger.graph(
        "GET", f"/v26.0/{PAGE}/conversations", fields="id,updated_time,participants"
    )
    data = answer.json()["data"]
    people = [item["participants"]["data"][0] for item in data]
    assert [person["id"] for person in people] == [other, PSID]
    assert people[0] == {"name": "Bo", "email": f"{other}@facebook.com", "id": other}
    assert data[1]["updated_time"] == "2026-11-22T10:00:00+0000"


async def test_texts_are_shown_without_blank_edges(messenger: Messenger) -> None:
    await messenger.act("say", text="hello")
    await messenger.send(message={"text": " With a newline at the end.\n"})
    found = await conversation_id(messenger)
    shown = await messenger.graph("GET", f"/v26.0/{found}", fields="messages{message}")
    assert [each["message"] for each in shown.json()["messages"]["data"]] == [
        "With a newline at the end.",
        "hello",
    ]


async def test_a_list_is_read_page_by_page(messenger: Messenger) -> None:
    for number in range(5):
        psid = (await messenger.control("/customers", page_id=PAGE))["psid"]
        await messenger.act("say", psid=psid, text=f"hello {number}")
    seen: list[str] = []
    after = None
    while True:
        query = {"limit": 2, **({} if after is None else {"after": after})}
        answer = (await messenger.graph("GET", f"/v26.0/{PAGE}/conversations", **query)).json()
        seen += [item["id"] for item in answer["data"]]
        await messenger.advance(1)
        if "next" not in answer["paging"]:
            break
        after = answer["paging"]["cursors"]["after"]
    assert len(seen) == len(set(seen)) == 5


async def test_messages_are_read_back_without_metadata(messenger: Messenger) -> None:
    await messenger.act("say", text="hello")
    sent = await messenger.send(message={"text": "answer", "metadata": "secret"})
    found = await conversation_id(messenger)
    path = f"/v26.0/{found}/messages"
    answer = await messenger.graph("GET", path, fields="id,created_time,from,to,message")
    newest = answer.json()["data"][0]
    assert newest["id"] == sent.json()["message_id"]
    assert newest["message"] == "answer"
    assert (newest["from"]["id"], newest["to"]["data"][0]["id"]) == (PAGE, PSID)
    assert "secret" not in answer.text
    nested = await messenger.graph("GET", f"/v26.0/{found}", fields="messages.limit(1){message,from}")
    assert [item["message"] for item in nested.json()["messages"]["data"]] == ["answer"]


async def test_only_the_newest_20_messages_give_details(messenger: Messenger) -> None:
    mids = [(await messenger.act("say", text=f"m{number}"))["mid"] for number in range(21)]
    found = await conversation_id(messenger)
    listed = await messenger.graph("GET", f"/v26.0/{found}", fields="messages{id,message}")
    messages = listed.json()["messages"]["data"]
    assert [item.get("message") for item in messages] == [f"m{number}" for number in range(20, 0, -1)] + [
        None
    ]
    await messenger.advance(1)
    assert (await messenger.graph("GET", f"/v26.0/{mids[1]}", fields="message")).json()["message"] == "m1"
    assert error_of(await messenger.graph("GET", f"/v26.0/{mids[0]}", fields="message")) == (9000001, None)


async def test_two_calls_a_second(messenger: Messenger) -> None:
    await messenger.act("say", text="hello")
    path = f"/v26.0/{PAGE}/conversations"
    answers = [await messenger.graph("GET", path) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 400]
    assert error_of(answers[2]) == (613, None)
    await messenger.advance(1)
    assert (await messenger.graph("GET", path)).status_code == 200


async def test_what_is_not_this_pages_cannot_be_read(messenger: Messenger) -> None:
    mid = (await messenger.act("say", text="hello"))["mid"]
    found = await conversation_id(messenger)
    await messenger.control("/apps", app_id=APP, require_proof=False)
    await messenger.control("/pages", page_id="230451889017744", access_token="EAA-b", app_id=APP)
    for node in (mid, found):
        assert error_of(await messenger.graph("GET", f"/{node}", token="EAA-b")) == (100, 33)
    await messenger.control("/tokens", access_token=TOKEN, app_id=APP, permissions=["pages_messaging"])
    assert error_of(await messenger.graph("GET", f"/{found}")) == (10, None)


def test_fields_are_read_with_their_limits_and_inner_fields() -> None:
    fields = parse("id, messages.limit(5){id,from{name}},participants")
    assert list(fields) == ["id", "messages", "participants"]
    assert fields["messages"].limit == 5
    assert list(fields["messages"].fields["from"].fields) == ["name"]
    assert parse(None) == {}


@pytest.mark.parametrize("text", ["id;drop", "a}b", "messages$"])
def test_bad_fields_are_refused(text: str) -> None:
    with pytest.raises(GraphError) as refused:
        parse(text)
    assert refused.value.code == 100
