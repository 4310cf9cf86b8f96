"""Automated messages over HTTP: levels, activation, texts."""

from typing import Any

import httpx
import pytest

from domain.workstreams.automated_texts import DEFAULT_TEXTS
from domain.workstreams.conversation_settings import AutomatedTrigger
from support.api import Api, Seed

GREETING = AutomatedTrigger.GREETING


async def _shown(api: Api, trigger: str, **params: str) -> dict[str, Any]:
    answer = await api.admin.get("/v1/automated-messages", params=params)
    assert answer.status_code == 200, answer.text
    (found,) = [item for item in answer.json()["items"] if item["trigger"] == trigger]
    shown: dict[str, Any] = found
    return shown


async def _put(api: Api, path: str, **body: Any) -> httpx.Response:
    return await api.admin.put(path, json={"active": True, **body})


async def test_without_a_word_of_an_admin_some_are_active_in_the_stock_texts(api: Api) -> None:
    items = (await api.admin.get("/v1/automated-messages")).json()["items"]
    assert [item["trigger"] for item in items] == [trigger.value for trigger in AutomatedTrigger]
    assert {item["trigger"] for item in items if item["active"]} == {
        "greeting",
        "out_of_hours",
        "holiday",
        "overflow_ended",
        "message_not_sent",
        "outside_window",
        "file_too_large",
        "unsupported_message",
    }
    assert {item["level"] for item in items} == {item["texts_level"] for item in items} == {"stock"}
    assert items[0]["texts"] == DEFAULT_TEXTS[GREETING]
    to_agents = {item["trigger"] for item in items if item["receiver"] == "agent"}
    assert to_agents == {"message_not_sent", "outside_window"}


async def test_a_page_inherits_from_the_channel_and_overrides_it(api: Api, seed: Seed) -> None:
    page_id, other = await seed.page(), await seed.page()
    channel = await _put(
        api, "/v1/automated-messages/agent_joined", texts={"en": "Hi"}, fallback_language="en"
    )
    assert channel.status_code == 200, channel.text
    assert (channel.json()["active"], channel.json()["level"]) == (True, "channel")
    inherited = await _shown(api, "agent_joined", page_id=page_id)
    assert (inherited["active"], inherited["level"], inherited["texts"]) == (True, "channel", {"en": "Hi"})

    own = await api.admin.put(
        f"/v1/pages/{page_id}/automated-messages/agent_joined",
        json={"active": False, "texts": {"de": "Hallo"}, "description": "not here"},
    )
    assert (own.json()["active"], own.json()["level"], own.json()["texts"]) == (
        False,
        "page",
        {"de": "Hallo"},
    )
    assert own.json()["description"] == "not here"
    assert (await _shown(api, "agent_joined", page_id=other))["active"] is True
    assert (await _shown(api, "agent_joined"))["level"] == "channel"


async def test_a_record_without_texts_says_those_of_the_level_below(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    address = f"/v1/pages/{page_id}/automated-messages/greeting"
    stock = (await _put(api, address)).json()
    assert (stock["level"], stock["texts_level"], stock["texts"]) == (
        "page",
        "stock",
        DEFAULT_TEXTS[GREETING],
    )
    await _put(api, "/v1/automated-messages/greeting", texts={"fr": "Bonjour"}, fallback_language="fr")
    below = await _shown(api, "greeting", page_id=page_id)
    assert (below["level"], below["texts_level"], below["texts"]) == ("page", "channel", {"fr": "Bonjour"})
    assert below["fallback_language"] == "fr"


async def test_what_is_reset_goes_back_to_the_level_below(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    of_page, of_channel = (
        f"{level}/automated-messages/greeting" for level in (f"/v1/pages/{page_id}", "/v1")
    )
    for address in (of_page, of_channel):
        assert (await api.admin.put(address, json={"active": False})).status_code == 200
    for address, level in ((of_page, "channel"), (of_channel, "stock")):
        assert (await api.admin.delete(address)).status_code == 204
        assert (await _shown(api, "greeting", page_id=page_id))["level"] == level
        assert (await api.admin.delete(address)).status_code == 404
    assert (await _shown(api, "greeting", page_id=page_id))["active"] is True


async def test_a_page_that_is_saved_again_begins_without_its_former_texts(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    account_id = (await api.admin.get(f"/v1/pages/{page_id}")).json()["account_id"]
    await _put(api, f"/v1/pages/{page_id}/automated-messages/greeting", texts={"en": "Old"})
    assert (await api.admin.delete(f"/v1/pages/{page_id}")).status_code == 204
    again = {"page_id": page_id, "name": "Shop", "access_token": "EAAGnew"}
    assert (await api.admin.post(f"/v1/accounts/{account_id}/pages", json=again)).status_code == 201
    assert (await _shown(api, "greeting", page_id=page_id))["level"] == "stock"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"active": 1},
        {"active": True, "texts": {"en": " \n"}},
        {"active": True, "texts": {"en": "x" * 2001}},
        {"active": True, "texts": {"en": "\U0001f600" * 1001}},
        {"active": True, "texts": {"en": "a\x00b"}},
        {"active": True, "texts": {"no such tongue": "Hi"}},
        {"active": True, "texts": {"de": "Hallo", "DE": "Servus"}},
        {"active": True, "texts": {"de": "Hallo"}, "fallback_language": "en"},
        {"active": True, "fallback_language": "en"},
        {"active": True, "description": "x" * 2001},
        {"active": True, "receiver": "agent"},
    ],
)
async def test_records_that_make_no_sense_are_refused(api: Api, body: dict[str, Any]) -> None:
    answer = await api.admin.put("/v1/automated-messages/greeting", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert (await _shown(api, "greeting"))["level"] == "stock"


async def test_texts_may_be_as_long_as_meta_allows(api: Api) -> None:
    texts = {"en": "\U0001f600" * 1000, "de-AT": "Servus {AgentName}, {$Order$}"}
    assert (await _put(api, "/v1/automated-messages/greeting", texts=texts)).json()["texts"] == texts


async def test_unknown_triggers_and_pages_are_not_found(api: Api, seed: Seed) -> None:
    page_id = await seed.page()
    for path in (
        "/v1/automated-messages/no_such_trigger",
        f"/v1/pages/{page_id}/automated-messages/no_such_trigger",
        "/v1/pages/404/automated-messages/greeting",
    ):
        assert (await _put(api, path)).status_code == 404
        assert (await api.admin.delete(path)).status_code == 404
    assert (await api.admin.get("/v1/automated-messages", params={"page_id": "404"})).status_code == 404


async def test_a_change_gives_the_settings_of_its_pages_their_next_version(api: Api, seed: Seed) -> None:
    first, second = await seed.page(), await seed.page()
    for path, pages in (
        (f"/v1/pages/{first}/automated-messages/greeting", [first]),
        ("/v1/automated-messages/greeting", [first, second]),
    ):
        await _put(api, path)
        assert await api.pages_with_untold_settings() == sorted(pages)
        assert (await api.admin.delete(path)).status_code == 204
        assert await api.pages_with_untold_settings() == sorted(pages)


@pytest.mark.parametrize(
    "text", ["Hi {customername}!", "Hi {Customer Name}", "Order {$Order}", "{Unknown|x}"]
)
async def test_an_unknown_placeholder_is_refused_by_its_name(api: Api, text: str) -> None:
    before = await _shown(api, "greeting")
    refused = await _put(api, "/v1/automated-messages/greeting", texts={"en": text})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert text[text.index("{") : text.index("}") + 1] in refused.text
    assert "{CustomerName|there}" in refused.text
    assert await _shown(api, "greeting") == before


async def test_placeholders_with_fallbacks_and_single_braces_are_taken(api: Api) -> None:
    text = "Hi {CustomerName|there}, {$Order$|no order yet} :-} { ok }"
    answer = await _put(api, "/v1/automated-messages/greeting", texts={"en": text})
    assert (answer.status_code, answer.json()["texts"]) == (200, {"en": text})
