import pytest
from playwright.async_api import expect

from support.console import PASSWORD, Seats

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_wrong_password_is_said_and_the_address_stays(seats: Seats) -> None:
    page = await (await seats.person("Ira Wrong")).tab()
    await page.get_by_label("Email").fill("ira.wrong@example.com")
    await page.get_by_label("Password").fill("not it")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_have_text("Email or password is wrong.")
    await expect(page.get_by_label("Email")).to_have_value("ira.wrong@example.com")


async def test_a_link_brings_what_one_signs_in_with_and_leaves_nothing_in_the_address(seats: Seats) -> None:
    seat = await seats.person("Lea Link")
    page = await seat.tab(f"#email={seat.email}&password={PASSWORD.replace(' ', '+')}")
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_text("Lea Link").first.wait_for()
    assert page.url.endswith("/console/inbox/mine")


async def test_c07_the_token_of_a_sign_in_is_in_no_script_s_reach(seats: Seats) -> None:
    page = await (await seats.person("Nia Token")).signed_in()
    assert await page.evaluate("document.cookie") == ""
    kept = await page.evaluate("JSON.stringify(localStorage)")
    assert "pds_" not in kept


async def test_c49_a_german_browser_gets_a_german_console(seats: Seats) -> None:
    page = await (await seats.person("Uwe Deutsch", locale="de-DE")).tab()
    await expect(page.get_by_role("button", name="Anmelden")).to_be_visible()
    assert await page.evaluate("document.documentElement.lang") == "de"
