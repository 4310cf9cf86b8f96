"""What happens to pages, from outside: a token that dies and is renewed, a lost permission, a silent end."""

from typing import Any

import pytest
from sqlmodel import col, select

from store.tables import Event, Page
from support.eventually import eventually
from support.store import APP_ID, PAGE_A, PAGE_B, TOKEN
from support.whole import Whole

pytestmark = pytest.mark.dev_server

TOKEN_A = f"{TOKEN}-{PAGE_A}"


async def taken(whole: Whole, psid: str) -> str:
    """A conversation that the admin has."""
    await whole.says(psid, "Is anybody there?")
    conversation_id = str((await whole.conversation_of(psid))["id"])
    await whole.message_with(conversation_id, sender_kind="automatic", status="delivered")
    assert (await whole.act(conversation_id, "pick")).status_code == 200
    return conversation_id


async def steer(whole: Whole, path: str, **body: Any) -> None:
    (await whole.meta.post(f"/_sandbox{path}", json=body)).raise_for_status()


async def page(whole: Whole) -> dict[str, Any]:
    shown: dict[str, Any] = (await whole.api.get(f"/v1/pages/{PAGE_A}")).raise_for_status().json()
    return shown


async def alarms(whole: Whole) -> list[str]:
    """The codes of all alarms, in order."""
    wanted = select(Event).where(col(Event.kind) == "page.alarm").order_by(col(Event.id))
    found = await whole.store.read(lambda session: list(session.exec(wanted).all()))
    return [event.data["code"] for event in found]


async def sends(whole: Whole, psid: str) -> list[str]:
    """The texts that the person got from an agent, in order."""
    thread = (await whole.meta.get(f"/_sandbox/threads/{PAGE_A}/{psid}")).json()
    return [each["text"] for each in thread["messages"] if each["from_page"]][1:]


async def test_f21_a_token_that_expires_holds_everything_and_a_new_one_sends_it_once(whole: Whole) -> None:
    psid = await whole.customer()
    conversation_id = await taken(whole, psid)
    await steer(whole, "/tokens", access_token=TOKEN_A, app_id=APP_ID, invalid_subcode=463)
    for text in ("one", "two"):
        assert (await whole.answer(conversation_id, text, text)).status_code == 201
    await whole.message_with(conversation_id, text="one", status="held", reason="page_token_invalid")

    async def found() -> bool:
        return [each["code"] for each in (await page(whole))["problems"]] == ["token_invalid"]

    await eventually(found)
    shown = await page(whole)
    gate = {name: shown["send_gate"][name] for name in ("state", "reason", "message_reason", "until")}
    assert gate | {"until": None} == {
        "state": "held",
        "reason": "token_invalid",
        "message_reason": "page_token_invalid",
        "until": None,
    }
    await whole.says(psid, "I go on writing.")
    await whole.message_with(conversation_id, text="I go on writing.")

    await steer(whole, "/pages", page_id=PAGE_A, access_token="EAA-renewed", app_id=APP_ID)
    renewed = await whole.api.post(f"/v1/pages/{PAGE_A}/reauthorize", json={"access_token": "EAA-renewed"})
    assert renewed.status_code == 200
    for text in ("one", "two"):
        await whole.message_with(conversation_id, text=text, status="delivered")
    assert await sends(whole, psid) == ["one", "two"]
    assert await alarms(whole) == ["token_invalid"]
    assert (await page(whole))["provisioning_state"] == "Running"
    other = (await whole.api.get(f"/v1/pages/{PAGE_B}")).json()
    assert (other["provisioning_state"], other["send_gate"]["state"]) == ("Running", "open")


async def test_a_lost_permission_fails_one_message_and_the_check_that_it_causes_holds_the_rest(
    whole: Whole,
) -> None:
    psid = await whole.customer()
    conversation_id = await taken(whole, psid)
    few = ["pages_manage_metadata", "pages_read_engagement"]
    await steer(whole, "/tokens", access_token=TOKEN_A, app_id=APP_ID, page_id=PAGE_A, permissions=few)
    await whole.answer(conversation_id, "one", "one")
    await whole.message_with(conversation_id, text="one", status="failed", reason="not_permitted")

    async def held() -> bool:
        return bool((await page(whole))["send_gate"]["reason"] == "permission_missing")

    await eventually(held)
    await whole.answer(conversation_id, "two", "two")
    await whole.message_with(conversation_id, text="two", status="held", reason="page_permission_missing")
    every = [*few, "pages_messaging"]
    await steer(whole, "/tokens", access_token=TOKEN_A, app_id=APP_ID, page_id=PAGE_A, permissions=every)
    await whole.api.post(f"/v1/pages/{PAGE_A}/check")
    await whole.message_with(conversation_id, text="two", status="delivered")
    assert await sends(whole, psid) == ["two"]


async def test_an_app_that_meta_lets_write_to_its_people_only_is_told_of(whole: Whole) -> None:
    psid = await whole.customer()
    conversation_id = await taken(whole, psid)
    await steer(whole, "/apps", app_id=APP_ID, mode="development")
    await whole.answer(conversation_id, "one", "one")
    await whole.message_with(conversation_id, text="one", status="failed", reason="not_permitted")

    async def warned() -> bool:
        return [each["code"] for each in (await page(whole))["warnings"]] == ["development_mode"]

    await eventually(warned)
    shown = await page(whole)
    assert (shown["provisioning_state"], shown["send_gate"]["state"]) == ("Running", "open")
    await steer(whole, "/apps", app_id=APP_ID, mode="live")
    await whole.answer(conversation_id, "two", "two")
    await whole.message_with(conversation_id, text="two", status="delivered")


async def test_f31_a_page_that_meta_dropped_is_subscribed_again_and_its_messages_come_in_once(
    whole: Whole,
) -> None:
    psid, newcomer = await whole.customer(), await whole.customer(name="Ben")
    conversation_id = await taken(whole, psid)
    await steer(whole, f"/pages/{PAGE_A}/unsubscribe")
    mids = {await whole.says(psid, f"missed {number}") for number in range(3)}
    mids.add(await whole.says(newcomer, "I am new here."))
    await whole.api.post(f"/v1/pages/{PAGE_A}/check")
    for number in range(3):
        await whole.message_with(conversation_id, text=f"missed {number}")
    opened = await whole.conversation_of(newcomer)
    assert (opened["status"], opened["window"]["stage"]) == ("open", "standard")

    async def closed() -> bool:
        shown = await page(whole)
        return shown["gap_since"] is None and shown["provisioning_state"] == "Running"

    await eventually(closed)
    await steer(whole, "/deliveries/repeat", times=2)
    await steer(whole, "/wait", what="delivered_all", timeout=10)
    await whole.says(psid, "and by webhook again")
    await whole.message_with(conversation_id, text="and by webhook again")
    everything = [*await whole.messages(conversation_id), *await whole.messages(opened["id"])]
    found = [each["mid"] for each in everything if each["mid"] in mids]
    assert sorted(found) == sorted(mids)
    assert await alarms(whole) == ["unsubscribed"]


async def test_a_deleted_page_is_unsubscribed_and_its_token_forgotten(whole: Whole) -> None:
    psid = await whole.customer()
    conversation_id = await taken(whole, psid)
    refused = await whole.api.delete(f"/v1/pages/{PAGE_A}")
    assert (refused.status_code, refused.json()["code"]) == (409, "page_in_use_by_conversations")
    for action in ("end", "complete"):
        assert (await whole.act(conversation_id, action)).status_code == 200
    assert (await whole.api.delete(f"/v1/pages/{PAGE_A}")).status_code == 204

    async def forgotten() -> bool:
        row = await whole.store.read(lambda session: session.get_one(Page, PAGE_A))
        return (row.access_token, row.provisioning_state) == ("", "Removed")

    await eventually(forgotten)
    sandbox = (await whole.meta.get("/_sandbox/overview")).json()
    active = [each["page_id"] for each in sandbox["subscriptions"] if each["active"]]
    assert active == [PAGE_B]
