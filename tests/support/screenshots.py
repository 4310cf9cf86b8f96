"""`make screenshots`: the console's main views, as the README and docs/console.md show them.

Customers write, an agent answers and time passes at a travelling desk; each view is taken as it then is in a
real browser. What a picture is to show is waited for: one never shows less than its name says.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

from playwright.async_api import Page, ViewportSize, expect

from local.demo.customers import CUSTOMERS
from support.console import Seat, Seats, running_browser
from support.paths import DOCS
from support.travelling import TAGGED, TravellingDesk, travelling_desk

DIRECTORY = DOCS / "images"
_DESKTOP: ViewportSize = {"width": 1440, "height": 900}
_PHONE: ViewportSize = {"width": 390, "height": 844}

Scheme = Literal["light", "dark"]

_TEXTS = {each.name: each.text for each in CUSTOMERS}
"""What the demo's customers say, by their names."""


class Pictures:
    """Takes them, one after another, of the people's consoles."""

    def __init__(self, desk: TravellingDesk, seats: Seats) -> None:
        self.desk = desk
        self.seats = seats

    async def take(
        self, page: Page, name: str, *, scheme: Scheme = "light", size: ViewportSize = _DESKTOP
    ) -> None:
        """One view, as `docs/images/{name}.png`."""
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        await page.set_viewport_size(size)
        await page.mouse.move(0, 0)
        await page.evaluate("document.fonts.ready")
        await page.screenshot(path=DIRECTORY / f"{name}.png", animations="disabled", caret="hide")

    async def agents_day(self, agent: Seat) -> Page:
        """An agent answers one customer while others wait, and one's window closes soon."""
        desk = self.desk
        change = {"name": "Example Shop", "attachments_for_agents": True}
        (await desk.api.patch(f"/v1/pages/{TAGGED}", json=change)).raise_for_status()
        page = await agent.signed_in()
        psids = {name: await desk.customer(TAGGED, name) for name in _TEXTS}
        await desk.customer_writes(psids["Lena Fischer"], _TEXTS["Lena Fischer"], TAGGED)
        await desk.travel(hours=23, minutes=18)
        for name in ("Chloé Martin", "Priya Raman", "Emil Novak"):
            await desk.customer_writes(psids[name], _TEXTS[name], TAGGED)
            await desk.travel(minutes=2)
        await page.get_by_role("link", name="Open").click()
        for name in ("Lena Fischer", "Priya Raman", "Emil Novak"):
            await page.get_by_role("row", name=name).click()
            await page.get_by_role("button", name="Take it").click()
            await expect(page.get_by_role("button", name="Send", exact=True)).to_be_visible()
        field = page.get_by_placeholder("Write a reply…")
        await field.fill("Hello Emil, I am looking for it. Do you have the number of your order?")
        await page.get_by_role("button", name="Send", exact=True).click()
        await expect(page.get_by_text("delivered").last).to_be_visible()
        await desk.travel(minutes=1)
        await desk.customer_writes(psids["Emil Novak"], "Order 88120, it should have come on Friday.", TAGGED)
        await page.get_by_role("link", name="Mine").click()
        await page.get_by_role("row", name="Emil Novak").click()
        await expect(page.get_by_role("log", name="Messages").get_by_text("Order 88120")).to_be_visible()
        await field.fill("Thank you! It is at the depot and comes tomorrow")
        return page


async def take_all() -> None:
    """Every picture, anew."""
    DIRECTORY.mkdir(exist_ok=True)
    async with _pictures() as pictures:
        await _of_an_agent(pictures)
        await _of_who_leads(pictures)


async def _of_an_agent(pictures: Pictures) -> None:
    page = await pictures.agents_day(await pictures.seats.person("Mia"))
    await pictures.take(page, "inbox-light")
    await pictures.take(page, "inbox-dark", scheme="dark")
    await pictures.take(page, "conversation-phone", size=_PHONE)
    await page.set_viewport_size(_DESKTOP)
    await pictures.desk.travel(hours=1)
    await page.get_by_role("row", name="Lena Fischer").click()
    await expect(page.get_by_role("button", name="Send as human agent")).to_be_visible()
    await pictures.take(page, "human-agent-light")
    await page.get_by_role("link", name="Why?").first.click()
    await expect(page.get_by_text("The standard window of 24 hours ended.")).to_be_visible()
    await pictures.take(page, "timeline-light")


async def _of_who_leads(pictures: Pictures) -> None:
    seat = await pictures.seats.person("Vera", "supervisor")
    page = await seat.signed_in()
    await page.get_by_role("link", name="Board").click()
    await expect(page.get_by_role("row", name="Emil Novak")).to_be_visible()
    await pictures.take(page, "board-light")
    seat = await pictures.seats.person("Olga", "admin")
    page = await seat.signed_in()
    await page.goto(f"{seat.address}/console/admin/accounts/new")
    await page.get_by_text("I have read this").click()
    await pictures.take(page, "connect-a-page-light")


@contextlib.asynccontextmanager
async def _pictures() -> AsyncIterator[Pictures]:
    with tempfile.TemporaryDirectory() as directory:
        async with travelling_desk(Path(directory)) as desk, running_browser() as browser:
            seats = Seats(browser, desk, desk.settings.local_url)
            yield Pictures(desk, seats)
            await seats.close()


if __name__ == "__main__":
    asyncio.run(take_all())
