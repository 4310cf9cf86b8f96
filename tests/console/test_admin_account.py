"""The wizard "Facebook account", against the sandbox, until the page is Running."""

import asyncio
import re

import pytest
from playwright.async_api import Page, Response, expect

from support.console import Seat, Seats
from support.store import APP_ID, TOKEN
from support.travelling import UNTAGGED, TravellingDesk

pytestmark = pytest.mark.asyncio(loop_scope="session")

NEW_APP, NEW_SECRET = "1187452390099999", "another-app-secret-0001"
NEW_PAGE, NEW_TOKEN = "108823774519399", "EAA-token-of-the-new-page"
WEAK_TOKEN, REUSED_TOKEN = "EAA-token-without-permission", "EAA-token-of-a-page-in-use"


async def _set_up_meta(desk: TravellingDesk) -> None:
    """Another app at Meta, with a page of its own, and tokens that will not do."""
    app = {"app_id": NEW_APP, "app_secret": NEW_SECRET, "name": "Second shop", "mode": "live"}
    page = {"page_id": NEW_PAGE, "name": "Second shop", "access_token": NEW_TOKEN, "app_id": NEW_APP}
    weak = {"access_token": WEAK_TOKEN, "app_id": NEW_APP, "page_id": NEW_PAGE}
    reused = {"access_token": REUSED_TOKEN, "app_id": NEW_APP, "page_id": UNTAGGED}
    for path, body in (
        ("apps", app),
        ("pages", page),
        ("tokens", weak | {"permissions": ["pages_messaging"]}),
        ("tokens", reused),
    ):
        (await desk.meta.post(f"/_sandbox/{path}", json=body)).raise_for_status()


async def _administration(seat: Seat) -> Page:
    page = await seat.signed_in()
    await page.get_by_role("link", name="Administration").click()
    await expect(page.get_by_role("heading", name="Facebook accounts")).to_be_visible()
    return page


async def _fill_page(page: Page, name: str, page_id: str, token: str) -> None:
    await page.get_by_label("Page name").fill(name)
    await page.get_by_label("Page ID").fill(page_id)
    await page.get_by_label("Page access token").fill(token)
    await page.get_by_role("button", name="Check and save").click()


async def test_c03_to_c07_an_account_is_set_up_in_six_steps_until_its_page_runs(
    seats: Seats, desk: TravellingDesk, capfd: pytest.CaptureFixture[str]
) -> None:
    await _set_up_meta(desk)
    page = await _administration(await seats.person("Anna Admin", "admin"))
    answers: list[asyncio.Task[str]] = []

    def keep(response: Response) -> None:
        if "/v1/" in response.url and "/v1/events" not in response.url:
            answers.append(asyncio.create_task(response.text()))

    page.on("response", keep)
    await page.get_by_role("link", name="New account").click()

    # C06: nobody comes past the privacy notice.
    await expect(page.get_by_role("heading", name="Prerequisites")).to_be_visible()
    await expect(page.get_by_role("button", name="Next")).to_be_disabled()
    await page.get_by_text("I have read this").click()
    await page.get_by_role("button", name="Next").click()

    await page.get_by_label("Name").fill("Second shop")
    await page.get_by_role("button", name="Next").click()
    await page.get_by_label("Application ID").fill(APP_ID)
    await page.get_by_label("Application secret").fill(NEW_SECRET)
    await page.get_by_role("button", name="Add account").click()
    await expect(page.get_by_role("alert")).to_contain_text("This Facebook app has an account already.")
    await expect(page.get_by_label("Application secret")).to_have_value(NEW_SECRET)
    await page.get_by_label("Application ID").fill(NEW_APP)
    await page.get_by_role("button", name="Add account").click()

    # C04: each is named with its remedy, and nothing typed is lost.
    for token, said in (
        ("EAA-nobody-made-this", "Meta does not accept the page's access token."),
        (f"{TOKEN}-{UNTAGGED}", "The access token was made by another Facebook app."),
        (WEAK_TOKEN, "The access token lacks a permission that Pagedesk needs"),
        (REUSED_TOKEN, "The access token belongs to another page."),
    ):
        await _fill_page(page, "Second shop", NEW_PAGE, token)
        await expect(page.get_by_role("alert").get_by_text(said)).to_be_visible()
        await expect(page.get_by_label("Page access token")).to_have_value(token)
    await _fill_page(page, "Second shop", UNTAGGED, REUSED_TOKEN)
    await expect(
        page.get_by_text("This page is already connected by another account. Remove it there first")
    ).to_be_visible()

    # There is no callback before a page of its own, and it says why.
    await page.get_by_role("link", name=re.compile("^Callback")).click()
    await expect(page.get_by_role("heading", name="There is no callback information yet")).to_be_visible()

    # C05: leave at step 4, and come back.
    await page.get_by_role("link", name="Desk").click()
    await page.get_by_role("link", name="Administration").click()
    await page.get_by_role("link", name="Go on: add a page").click()
    await expect(page.get_by_label("Page name")).to_have_value("Second shop")
    await _fill_page(page, "Second shop", NEW_PAGE, NEW_TOKEN)
    await expect(page.get_by_text("Access token saved")).to_be_visible()
    await page.get_by_role("button", name="Next").click()

    # C03: the callback, then Running, live.
    account = next(
        each for each in (await desk.api.get("/v1/accounts")).json()["items"] if each["app_id"] == NEW_APP
    )
    await expect(page.get_by_text(account["callback_url"])).to_be_visible()
    await expect(page.get_by_text(account["verify_token"])).to_have_count(0)
    await page.get_by_role("button", name="Show").click()
    await expect(page.get_by_text(account["verify_token"])).to_be_visible()
    await expect(page.get_by_text("messages, messaging_postbacks, message_echoes")).to_be_visible()
    await page.get_by_role("button", name="Next").click()
    await expect(page.get_by_role("status").get_by_text("Running")).to_be_visible()
    await page.get_by_role("link", name=re.compile("^Callback")).click()
    await expect(page.get_by_text("Meta verified the callback")).to_be_visible()

    # C07: what was saved is in no answer, no page, no address, no storage and no log.
    await page.get_by_role("link", name=re.compile("^Application")).click()
    await expect(page.get_by_text("saved", exact=True)).to_be_visible()
    kept = await page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, location.href])")
    seen = [*await asyncio.gather(*answers), await page.content(), kept, *capfd.readouterr()]
    for secret in (NEW_SECRET, NEW_TOKEN, WEAK_TOKEN, REUSED_TOKEN):
        assert [text[:200] for text in seen if secret in text] == []


async def test_an_agent_has_no_administration(seats: Seats) -> None:
    seat = await seats.person("Ada Agent")
    page = await seat.signed_in()
    await expect(page.get_by_role("link", name="Administration")).to_have_count(0)
    await page.goto(f"{seat.address}/console/admin/accounts")
    await expect(page).to_have_url(re.compile("/console/inbox/mine$"))


async def test_a_dead_token_is_named_worst_first_and_a_new_one_saved_where_it_is_named(
    seats: Seats, desk: TravellingDesk
) -> None:
    page = await _administration(await seats.person("Hedi Health", "admin"))
    await page.get_by_role("link", name="Page health").click()
    own = (await desk.api.get(f"/v1/pages/{UNTAGGED}")).json()["name"]
    region = page.get_by_role("region", name=own, exact=True)
    await expect(region.get_by_text("Running", exact=True)).to_be_visible()
    dead = {"access_token": f"{TOKEN}-{UNTAGGED}", "app_id": APP_ID, "invalid_subcode": 460}
    (await desk.meta.post("/_sandbox/tokens", json=dead)).raise_for_status()
    await region.get_by_role("button", name="Check again").click()
    await expect(region.get_by_text("Meta's code: 190/460")).to_be_visible()
    await expect(page.get_by_role("main").get_by_role("region").first).to_have_accessible_name(own)
    await expect(region.get_by_text("held until the page is mended")).to_be_visible()

    renewed = {"page_id": UNTAGGED, "access_token": "EAA-renewed", "app_id": APP_ID}
    (await desk.meta.post("/_sandbox/pages", json=renewed)).raise_for_status()
    await region.get_by_role("button", name="Save a new access token").click()
    await region.get_by_label("New page access token").fill("EAA-renewed")
    await region.get_by_role("button", name="Check and save").click()
    await expect(region.get_by_text("Running", exact=True)).to_be_visible()
