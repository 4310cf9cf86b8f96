"""What a browser keeps, and what its tabs share."""

import pytest
from playwright.async_api import expect

from support.console import Seats, take_new_customer
from support.travelling import UNTAGGED, TravellingDesk

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_c38_what_was_typed_is_there_again_after_a_reload(seats: Seats, desk: TravellingDesk) -> None:
    page, _ = await take_new_customer(await seats.person("Dora Draft"), desk, "Ada Five")
    field = page.get_by_placeholder("Write a reply…")
    await field.fill("A long and careful ans")
    await page.get_by_role("link", name="Mine").click()
    row = page.get_by_role("row", name="Ada Five")
    await expect(row.get_by_text("Draft: A long and careful ans")).to_be_visible()
    await page.reload()
    await row.click()
    await expect(field).to_have_value("A long and careful ans")


async def test_c37_all_tabs_share_one_stream_and_the_next_one_takes_it_over(
    seats: Seats, desk: TravellingDesk
) -> None:
    seat = await seats.person("Tina Tabs")
    streams: list[str] = []
    seat.context.on(
        "request", lambda request: streams.append(request.url) if "/v1/events" in request.url else None
    )
    first = await seat.signed_in()
    second = await seat.tab("inbox/open")
    await expect(second.get_by_role("heading", name="Open")).to_be_visible()
    assert len(streams) == 1
    await first.close()
    psid = await desk.customer(UNTAGGED, "Ada Six")
    await desk.customer_writes(psid, "hello", UNTAGGED)
    await expect(second.get_by_role("row", name="Ada Six")).to_be_visible()
    assert len(streams) == 2
