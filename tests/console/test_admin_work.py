"""Workstreams, rules, queues and what else an administrator sets up, in the console alone."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from support.console import Seat, Seats
from support.travelling import TAGGED, TravellingDesk

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _at(seat: Seat, section: str) -> Page:
    page = await seat.signed_in()
    await page.get_by_role("link", name="Administration").click()
    await page.get_by_role("navigation", name="Administration").get_by_role("link", name=section).click()
    await expect(page.get_by_role("heading", name=section, level=1)).to_be_visible()
    return page


async def _choose(page: Page, label: str, option: str) -> None:
    await page.get_by_role("button", name=re.compile(f"{label}$")).click()
    await page.get_by_role("option", name=option, exact=True).click()


async def _named(desk: TravellingDesk, path: str, name: str) -> dict[str, Any]:
    items = (await desk.api.get(path)).raise_for_status().json()["items"]
    found: dict[str, Any] = next(each for each in items if each["name"] == name)
    return found


async def test_a_workstream_is_made_and_facebook_set_up_and_nothing_is_lost_on_the_way(
    seats: Seats, desk: TravellingDesk
) -> None:
    page = await _at(await seats.person("Wilma Work", "admin"), "Workstreams")
    shown = (await desk.api.get(f"/v1/pages/{TAGGED}")).json()
    await page.get_by_role("link", name="New workstream").click()
    await page.get_by_label("Name").fill("Returns")
    await page.get_by_text("Pick", exact=True).click()
    await page.get_by_role("button", name="Create, then set up Facebook").click()
    await page.get_by_text(shown["name"], exact=True).click()
    await expect(page.get_by_text("This page belongs to another workstream now.")).to_be_visible()
    await page.get_by_role("button", name="Next").click()
    await _choose(page, "Language", "German")
    await page.get_by_role("button", name="Next").click()

    # Away and back: what was chosen is still chosen.
    await page.get_by_role("link", name="Queues").click()
    await page.get_by_role("link", name="Workstreams").click()
    row = page.get_by_role("row", name=re.compile("Returns"))
    await row.get_by_role("link", name="Set up Facebook").click()
    await page.get_by_role("link", name=re.compile("^Behaviours")).click()
    greeting = page.get_by_role("listitem").filter(has_text="Greeting")
    await greeting.get_by_role("button", name="Change").click()
    await greeting.get_by_role("button", name="Add a text").click()
    await greeting.get_by_label("Text in German").fill("Hallo {CustomerName|}!")
    await greeting.get_by_role("button", name="Take over").click()
    await expect(greeting.get_by_text("changed here")).to_be_visible()
    await page.get_by_role("button", name="Next").click()
    await page.get_by_text("Files from customers").click()
    await expect(page.get_by_text("It works from the next session on: close and reopen.")).to_be_visible()
    await page.get_by_role("button", name="Next").click()
    await expect(page.get_by_role("definition").filter(has_text="German")).to_be_visible()
    await page.get_by_role("button", name="Create").click()
    await expect(page.get_by_text("No rules yet: everything goes to the fallback queue.")).to_be_visible()

    made = await _named(desk, "/v1/workstreams", "Returns")
    now = (await desk.api.get(f"/v1/pages/{TAGGED}")).json()
    assert (made["page_ids"], made["work_distribution"]["mode"]) == ([TAGGED], "pick")
    assert (now["language"], now["attachments_for_customers"], now["human_agent_tag"]) == ("de", True, True)
    messages = (await desk.api.get("/v1/automated-messages", params={"page_id": TAGGED})).json()["items"]
    greetings = [each["texts"] for each in messages if each["trigger"] == "greeting"]
    assert greetings == [{"de": "Hallo {CustomerName|}!"}]


async def test_a_rule_is_tried_before_it_is_saved_and_rules_move_by_keys(
    seats: Seats, desk: TravellingDesk
) -> None:
    made = (await desk.api.post("/v1/workstreams", json={"name": "Ruled"})).raise_for_status().json()
    await desk.api.post("/v1/queues", json={"name": "Orders"})
    page = await _at(await seats.person("Rita Rules", "admin"), "Workstreams")
    await page.get_by_role("link", name="Ruled").click()
    await page.get_by_role("link", name="Routing rules").click()
    await page.get_by_role("link", name="New route to queues").click()
    await page.get_by_label("Name", exact=True).fill("Where it goes")
    for name in ("Second", "First"):
        await page.get_by_role("button", name="Add a rule").click()
        await page.get_by_label("Name of the rule").fill(name)
    await page.get_by_role("button", name="Add a condition").click()
    await _choose(page, "Field", "Reference of the link or ad")
    await page.get_by_label("Value", exact=True).fill("spring")
    await _choose(page, "Queue", "Orders")
    await page.get_by_role("button", name=re.compile(r"^\d+\. First$")).press("Alt+ArrowUp")
    await expect(page.get_by_role("button", name="1. First")).to_be_visible()

    tried = page.get_by_role("region", name="Try")
    await tried.get_by_label("Reference of the link or ad").fill("spring")
    await tried.get_by_role("button", name="Try it").click()
    await expect(tried.get_by_text("applied → Orders")).to_be_visible()
    sets = f"/v1/workstreams/{made['id']}/rule-sets"
    assert (await desk.api.get(sets)).json()["items"] == []
    await tried.get_by_label("Reference of the link or ad").fill("autumn")
    await tried.get_by_role("button", name="Try it").click()
    await expect(tried.get_by_text("does not fit")).to_be_visible()

    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("link", name="Where it goes")).to_be_visible()
    (saved,) = (await desk.api.get(sets)).json()["items"]
    assert [rule["name"] for rule in saved["rules"]] == ["First", "Second"]
    assert saved["rules"][0]["conditions"]["items"] == [
        {"field": "referral", "operator": "equals", "value": "spring"}
    ]


async def test_what_somebody_else_saved_meanwhile_is_never_overwritten_unseen(
    seats: Seats, desk: TravellingDesk
) -> None:
    queue = (await desk.api.post("/v1/queues", json={"name": "Shared"})).raise_for_status().json()
    page = await _at(await seats.person("Cleo Conflict", "admin"), "Queues")
    await page.get_by_role("link", name="Shared", exact=True).click()
    await page.get_by_label("Name", exact=True).fill("Mine")
    await desk.api.patch(f"/v1/queues/{queue['id']}", json={"name": "Theirs"})
    await expect(page.get_by_text("Somebody else has changed this meanwhile.")).to_be_visible()
    await expect(page.get_by_text("theirs: Theirs · yours: Mine")).to_be_visible()
    await expect(page.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Mine")
    await page.get_by_role("button", name="Keep mine, to save it over theirs").click()
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("link", name="Mine", exact=True)).to_be_visible()
    assert (await desk.api.get(f"/v1/queues/{queue['id']}")).json()["name"] == "Mine"


async def test_a_problem_is_shown_at_its_field_and_nothing_typed_is_lost(seats: Seats) -> None:
    page = await _at(await seats.person("Paul Problem", "admin"), "People and keys")
    await page.get_by_role("link", name="New person or program").click()
    await page.get_by_label("Name", exact=True).fill("Nina New")
    await page.get_by_label("Email").fill("nina.new@example.com")
    await page.get_by_label("Password").fill("short")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_label("Password")).to_have_accessible_description(re.compile("too short"))
    await expect(page.get_by_label("Email")).to_have_value("nina.new@example.com")
    await page.get_by_label("Password").fill("a long enough pass phrase")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("heading", name="Nina New")).to_be_visible()

    # A key is shown once.
    await page.get_by_label("Name of the key").fill("laptop")
    await page.get_by_role("button", name="New key").click()
    key = await page.get_by_text(re.compile("^pdk_")).first.inner_text()
    await page.reload()
    await expect(page.get_by_role("cell", name="laptop")).to_be_visible()
    assert key not in await page.content()


async def test_hours_are_set_with_a_holiday_and_a_queue_keeps_them(
    seats: Seats, desk: TravellingDesk
) -> None:
    page = await _at(await seats.person("Hanno Hours", "admin"), "Operating hours")
    await page.get_by_role("link", name="New operating hours").click()
    await page.get_by_label("Name", exact=True).fill("Office")
    await page.get_by_role("button", name="Add a holiday").click()
    holidays = page.get_by_role("group", name="Holidays")
    await holidays.get_by_label("Name").fill("Summer fair")
    await holidays.get_by_label("First day").fill("2027-07-01")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("heading", name="Office")).to_be_visible()
    hours = await _named(desk, "/v1/operating-hours", "Office")
    assert hours["holidays"] == [{"first_day": "2027-07-01", "last_day": "2027-07-01", "name": "Summer fair"}]
    assert [each["weekday"] for each in hours["intervals"]] == [0, 1, 2, 3, 4]
    await page.get_by_role("link", name="Queues").click()
    await page.get_by_role("link", name="New queue").click()
    await page.get_by_label("Name", exact=True).fill("In hours")
    await _choose(page, "Operating hours", "Office")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("heading", name="Members")).to_be_visible()
    assert (await _named(desk, "/v1/queues", "In hours"))["operating_hours_id"] == hours["id"]
