"""The console in a real browser, as tests use it: who signs in, and what no page may do."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright, expect

from support.chromium import ARGUMENTS, find_chromium
from support.travelling import UNTAGGED, TravellingDesk
from support.whole import Whole

PASSWORD = "correct horse battery staple"
_BUILT = Path(__file__).parents[2] / "console" / "dist" / "index.html"
_WAIT_MILLISECONDS = 30_000
_VIOLATIONS = ("Content Security Policy", "Trusted Type", "TrustedHTML", "TrustedScript")


@dataclass
class Seat:
    """One person's browser, signed in. Pages of one seat are tabs that share a cookie and a stream."""

    name: str
    agent_id: str
    email: str
    context: BrowserContext
    address: str
    complaints: list[str] = field(default_factory=list)

    async def tab(self, path: str = "") -> Page:
        """Another tab of the console, watched for what its policies refuse and for errors."""
        page = await self.context.new_page()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.goto(f"{self.address}/console/{path}")
        return page

    async def signed_in(self) -> Page:
        """A tab, after signing in by the form."""
        page = await self.tab()
        await page.get_by_label("Email").fill(self.email)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_text(self.name, exact=True).first.wait_for()
        return page

    def _note(self, message: ConsoleMessage) -> None:
        refused = any(each in message.text for each in _VIOLATIONS)
        if refused or "Uncaught" in message.text:
            self.complaints.append(message.text)


@contextlib.asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    """A browser without a window."""
    assert _BUILT.exists(), "The console is not built. Run: make setup (it says why not)"
    expect.set_options(timeout=_WAIT_MILLISECONDS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_chromium(playwright), args=list(ARGUMENTS)
        )
        try:
            yield browser
        finally:
            await browser.close()


class Seats:
    """Makes people and their browsers at one desk."""

    def __init__(self, browser: Browser, desk: Whole, address: str) -> None:
        self._browser = browser
        self._desk = desk
        self._address = address
        self._seats: list[Seat] = []

    async def person(
        self, name: str, role: str = "agent", *, locale: str = "en-GB", address: str | None = None
    ) -> Seat:
        """A new person with a browser of their own, not signed in yet. `address`: another way to the desk."""
        email = f"{name.lower().replace(' ', '.')}@example.com"
        agent = {"name": name, "role": role, "email": email, "password": PASSWORD}
        made = (await self._desk.api.post("/v1/agents", json=agent)).raise_for_status().json()
        context = await self._browser.new_context(
            locale=locale, timezone_id="Europe/Berlin", viewport={"width": 1440, "height": 900}
        )
        context.set_default_timeout(_WAIT_MILLISECONDS)
        seat = Seat(name, made["id"], email, context, address or self._address)
        self._seats.append(seat)
        return seat

    async def close(self) -> None:
        """Close all browsers. C40: no policy was violated, and no error was left to nobody."""
        for seat in self._seats:
            await seat.context.close()
        complaints = [each for seat in self._seats for each in seat.complaints]
        assert complaints == []


async def take_new_customer(seat: Seat, desk: TravellingDesk, name: str) -> tuple[Page, str]:
    """A console in which a new customer's conversation has been taken; and the customer's PSID."""
    page = await seat.signed_in()
    psid = await desk.customer(UNTAGGED, name)
    await desk.customer_writes(psid, f"hello, I am {name}", UNTAGGED)
    await page.get_by_role("link", name="Open").click()
    await page.get_by_role("row", name=name).click()
    await page.get_by_role("button", name="Take it").click()
    await expect(page.get_by_role("button", name="Send", exact=True)).to_be_visible()
    return page, psid
