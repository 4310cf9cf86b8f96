"""Transcripts, timelines and our own messages are read from either end, and around an item."""

from datetime import timedelta
from typing import Any

import pytest

from store import tables
from support.api import NOW, Api, Seed, Thread


@pytest.fixture
async def thread(seed: Seed) -> Thread:
    """A conversation with nine messages of ours, a minute apart."""
    thread = await seed.conversation()
    for number in range(9):
        at = NOW + timedelta(minutes=number)
        await seed.message(
            thread, str(number), direction="outbound", status="sent", occurred_at=at, created_at=at
        )
        await seed.add(
            tables.Event(
                at=at,
                kind="message.sent",
                actor_kind="system",
                page_id=thread.page_id,
                conversation_id=thread.conversation_id,
                data={"text": str(number)},
            )
        )
    return thread


def addresses(thread: Thread) -> dict[str, str]:
    return {
        "messages": f"/v1/conversations/{thread.conversation_id}/messages",
        "thread": f"/v1/customers/{thread.customer_id}/messages",
        "timeline": f"/v1/conversations/{thread.conversation_id}/timeline",
        "own": "/v1/messages",
    }


LISTS = pytest.mark.parametrize("name", ["messages", "thread", "timeline", "own"])


def words(page: dict[str, Any]) -> str:
    return "".join(item["text"] if "text" in item else item["data"]["text"] for item in page["items"])


@LISTS
async def test_either_end_comes_first_and_the_cursor_goes_on(api: Api, thread: Thread, name: str) -> None:
    address = addresses(thread)[name]
    for order, pages in {"oldest": ["0123", "4567", "8"], "newest": ["8765", "4321", "0"]}.items():
        seen, cursor = [], None
        for _ in pages:
            params: dict[str, str | int] = {"order": order, "limit": 4}
            params |= {"cursor": cursor} if cursor else {}
            page = (await api.admin.get(address, params=params)).json()
            seen.append(words(page))
            cursor = page["next_cursor"]
        assert (seen, cursor) == (pages, None)
    assert words((await api.admin.get(address)).json()) == "012345678", "Without a word, as ever."


@LISTS
async def test_before_after_and_around_an_item(api: Api, thread: Thread, name: str) -> None:
    address = addresses(thread)[name]
    items = [str(item["id"]) for item in (await api.admin.get(address)).json()["items"]]

    async def shown(**params: Any) -> tuple[str, bool]:
        page = (await api.admin.get(address, params=params)).json()
        return words(page), page["next_cursor"] is not None

    assert await shown(before=items[3]) == ("012", False)
    assert await shown(after=items[6]) == ("78", False)
    assert await shown(before=items[8], order="newest", limit=2) == ("76", True)
    assert await shown(after=items[2], limit=2) == ("34", True)
    assert await shown(after=items[1], before=items[5]) == ("234", False)
    assert await shown(around=items[4], limit=5) == ("23456", True)
    assert await shown(around=items[4], limit=5, order="newest") == ("65432", True)
    assert await shown(around=items[4], limit=4) == ("3456", True)
    assert await shown(around=items[0], limit=3) == ("01", True)
    assert await shown(around=items[8], limit=3) == ("78", False)
    assert await shown(around=items[4], limit=1) == ("4", True)
    assert await shown(around=items[4], limit=100) == ("012345678", False)


@LISTS
async def test_the_cursor_of_a_part_keeps_to_it(api: Api, thread: Thread, name: str) -> None:
    address = addresses(thread)[name]
    items = [str(item["id"]) for item in (await api.admin.get(address)).json()["items"]]
    params: dict[str, str | int] = {"order": "newest", "after": items[2], "limit": 4}
    first = (await api.admin.get(address, params=params)).json()
    rest = (await api.admin.get(address, params=params | {"cursor": first["next_cursor"]})).json()
    assert (words(first), words(rest), rest["next_cursor"]) == ("8765", "43", None)


@LISTS
async def test_what_cannot_be_meant_is_refused(api: Api, thread: Thread, name: str) -> None:
    address = addresses(thread)[name]
    page = (await api.admin.get(address, params={"limit": 1})).json()
    item, cursor = page["items"][0]["id"], page["next_cursor"]
    refused = {
        "invalid_cursor": [{"order": "newest", "cursor": cursor}],
        "unknown_item": [{"before": "999999"}, {"after": "999999"}, {"around": "999999"}],
        "invalid_request": [
            {"around": item, "before": item},
            {"around": item, "after": item},
            {"around": item, "cursor": cursor},
            {"order": "random"},
        ],
    }
    for code, all_params in refused.items():
        for params in all_params:
            answer = await api.admin.get(address, params=params)
            assert (answer.status_code, answer.json()["code"]) == (422, code), params


async def test_an_item_of_another_list_is_unknown(api: Api, seed: Seed, thread: Thread) -> None:
    other = await seed.conversation()
    message = await seed.message(other, "elsewhere")
    for name in ("messages", "thread", "own"):
        answer = await api.admin.get(addresses(thread)[name], params={"around": message})
        assert answer.json()["code"] == "unknown_item", name
