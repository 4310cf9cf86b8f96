"""What holds in every view: names and contrast, no text that is cut, nothing sideways, no other host."""

import pytest
from playwright.async_api import Page, Request, expect

from support.console import Seat, Seats, take_new_customer
from support.every_view import cut_texts, sideways, speaks, violations
from support.travelling import TravellingDesk

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _opened(seats: Seats, desk: TravellingDesk, agent: str, customer: str) -> tuple[Seat, Page]:
    seat = await seats.person(agent)
    page, _ = await take_new_customer(seat, desk, customer)
    return seat, page


@pytest.mark.parametrize("language", ["en", "ar-XB"])
async def test_c44_no_view_of_an_agent_keeps_anybody_out(
    seats: Seats, desk: TravellingDesk, language: str
) -> None:
    _, page = await _opened(seats, desk, f"Axel {language}", f"Gia {language}")
    await speaks(page, language)
    found = {}
    for scheme in ("light", "dark"):
        await page.emulate_media(
            color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce"
        )
        await expect(page.get_by_role("textbox").first).to_be_visible()
        found[scheme] = await violations(page)
    assert found == {"light": [], "dark": []}


async def test_c44_signing_in_keeps_nobody_out(seats: Seats) -> None:
    seat = await seats.person("Axel Again")
    page = await seat.tab()
    await expect(page.get_by_label("Email")).to_be_visible()
    assert await violations(page) == []


@pytest.mark.parametrize("width", [320, 390, 768, 1440])
async def test_c47_c49_longer_texts_are_cut_nowhere_and_nothing_runs_sideways(
    seats: Seats, desk: TravellingDesk, width: int
) -> None:
    _, page = await _opened(seats, desk, f"Wide {width}", f"Gustav {width}")
    await speaks(page, "en-XA")
    await page.set_viewport_size({"width": width, "height": 800})
    await expect(page.get_by_role("textbox").first).to_be_visible()
    assert (await sideways(page), await cut_texts(page)) == (0, [])


async def test_c43_no_request_leaves_the_origin(seats: Seats, desk: TravellingDesk) -> None:
    seat = await seats.person("Otto Origin")
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    seat.context.on("request", note)
    await take_new_customer(seat, desk, "Gerda Origin")
    assert [each for each in asked if not each.startswith((f"{seat.address}/", "blob:"))] == []
    assert len(asked) > 5
