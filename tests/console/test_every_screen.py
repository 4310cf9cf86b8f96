"""What holds on every screen of administrators and supervisors, each opened by its address."""

import pytest
from playwright.async_api import Page, expect

from support.console import Seats
from support.every_view import cut_texts, sideways, speaks, violations

pytestmark = pytest.mark.asyncio(loop_scope="session")

_SCREENS = [
    "board",
    "admin/accounts",
    "admin/accounts/new",
    "admin/health",
    "admin/workstreams",
    "admin/workstreams/new",
    "admin/queues",
    "admin/queues/new",
    "admin/hours/new",
    "admin/skills",
    "admin/capacity",
    "admin/people/new",
    "admin/messages",
    "admin/surveys",
    "admin/quick-replies",
    "admin/session-templates",
    "admin/dispositions",
    "admin/contact-fields",
    "admin/audit",
    "settings",
    "search",
]


async def _opened(page: Page, path: str) -> None:
    origin = page.url.split("/console/")[0]
    await page.goto(f"{origin}/console/{path}")
    await expect(page.get_by_role("heading", level=1).first).to_be_visible()
    await expect(page.locator("[aria-busy=true]")).to_have_count(0)
    await expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("language", ["en", "ar-XB"])
async def test_c44_no_screen_keeps_anybody_out(seats: Seats, language: str) -> None:
    page = await (await seats.person(f"Admin {language}", "admin")).signed_in()
    await speaks(page, language)
    found = {}
    for path in _SCREENS:
        await _opened(page, path)
        for scheme in ("light", "dark"):
            await page.emulate_media(
                color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce"
            )
            if bad := await violations(page):
                found[path, scheme] = bad
    assert found == {}


@pytest.mark.parametrize("width", [320, 1440])
async def test_c47_c49_longer_texts_fit_on_every_screen(seats: Seats, width: int) -> None:
    page = await (await seats.person(f"Wide {width}", "admin")).signed_in()
    await speaks(page, "en-XA")
    await page.set_viewport_size({"width": width, "height": 800})
    found = {}
    for path in _SCREENS:
        await _opened(page, path)
        wrong = await sideways(page), await cut_texts(page)
        if wrong != (0, []):
            found[path] = wrong
    assert found == {}
