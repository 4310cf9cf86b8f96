"""What customers send is shown as it is, and does nothing: C41."""

import pytest
from playwright.async_api import expect

from support.console import Seats
from support.travelling import UNTAGGED, TravellingDesk

pytestmark = pytest.mark.asyncio(loop_scope="session")

_NAMES = [
    '<img src=x onerror="window.hacked=1">',
    "\u202egnp.exe\u202c",
    "a" * 250,
    "Z\u0336\u0337" + "\u0300" * 200,
]
_TEXTS = [
    "<script>window.hacked=1</script>",
    '"><svg onload=window.hacked=1>',
    "<iframe src=javascript:window.hacked=1></iframe>",
    "javascript:window.hacked=1",
    "[a](javascript:window.hacked=1)",
    "data:text/html,<script>window.hacked=1</script>",
    "https://example.com/\u202emoc.elpmaxe",
    "{{constructor.constructor('window.hacked=1')()}}",
    "${window.hacked=1}",
    "&lt;b&gt;bold&lt;/b&gt; &amp; more",
    "\u202eright to left\u202c and \u2066isolated\u2069",
    "\u200b\u200c\u200d\ufeff zero width",
    "e" + "\u0301" * 1500,
    "x" * 2000,
    "𓀀𝕏🏴\U000e0067\U000e0062\U000e007f 👩‍👩‍👧‍👦",
    "مرحبا hello שלום",
    "line one\nline two\n\n\n\nline six",
    "\t\t\ttabs",
    "' OR 1=1 --",
    "</textarea><script>window.hacked=1</script>",
]


async def test_c41_hostile_names_and_texts_are_shown_and_do_nothing(
    seats: Seats, desk: TravellingDesk
) -> None:
    page = await (await seats.person("Hella Hostile")).signed_in()
    await page.get_by_role("link", name="Open").click()
    for name in _NAMES:
        psid = await desk.customer(UNTAGGED, name)
        await desk.says(psid, "hello", UNTAGGED)
    psid = await desk.customer(UNTAGGED, "Hostile Harry")
    for text in _TEXTS:
        await desk.says(psid, text, UNTAGGED)
    await desk.settled()
    await page.get_by_role("row", name="Hostile Harry").click()
    await page.get_by_role("button", name="Take it").click()
    messages = page.get_by_role("log", name="Messages")
    await expect(messages.get_by_text("</textarea><script>window.hacked=1</script>")).to_be_visible()
    for width in (1440, 390):
        await page.set_viewport_size({"width": width, "height": 900})
        page_width, shown = await page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert page_width == shown
    assert await page.evaluate("window.hacked") is None
    assert await page.locator('a[href^="javascript"], a[href^="data"], iframe, object, embed').count() == 0


async def test_c58_an_open_console_at_rest_asks_for_nothing(seats: Seats, desk: TravellingDesk) -> None:
    seat = await seats.person("Rita Rest")
    page = await seat.signed_in()
    psid = await desk.customer(UNTAGGED, "Resting Customer")
    await desk.customer_writes(psid, "hello", UNTAGGED)
    await page.get_by_role("link", name="Open").click()
    await expect(page.get_by_role("row", name="Resting Customer")).to_be_visible()
    await page.wait_for_load_state("load")
    asked: list[str] = []
    seat.context.on("request", lambda request: asked.append(request.url))
    # The stream's pings come each five seconds: after two of them nothing else has happened.
    before = await page.evaluate("performance.getEntriesByType('resource').length")
    await page.wait_for_timeout(11_000)
    assert asked == []
    assert await page.evaluate("performance.getEntriesByType('resource').length") == before
