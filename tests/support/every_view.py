"""What holds in every view of the console: names and contrast, and room for its texts."""

import json
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect

_AXE = Path(__file__).parents[2] / "console" / "node_modules" / "axe-core" / "axe.min.js"
_LANGUAGE = "pagedesk-language"
_CUT = """() => [...document.querySelectorAll('*')].filter((each) => {
  const style = getComputedStyle(each);
  const texts = [...each.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
  const says = texts.some((node) => node.data.trim() !== '');
  const isCut = each.scrollWidth > each.clientWidth + 1 && style.overflowX !== 'visible';
  const ends = style.textOverflow === 'ellipsis' || ['auto', 'scroll'].includes(style.overflowX);
  return says && isCut && !ends && each.clientWidth > 1;
}).map((each) => each.outerHTML.slice(0, 120))"""


async def violations(page: Page) -> list[str]:
    """What axe finds that is serious or worse."""
    await page.evaluate(_AXE.read_text())
    found: dict[str, Any] = await page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{each['id']}: {json.dumps([node['target'] for node in each['nodes']])}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
    ]


async def speaks(page: Page, language: str) -> None:
    """Have the console be in this language, a pseudo-language too."""
    await page.evaluate("([key, value]) => localStorage.setItem(key, value)", [_LANGUAGE, language])
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("lang", language)


async def sideways(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    wider: int = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return wider


async def cut_texts(page: Page) -> list[str]:
    """Elements that show less of their text than there is, without an ellipsis."""
    found: list[str] = await page.evaluate(_CUT)
    return found
