"""A few words of SVG, enough for the drawings of the documentation."""

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

INK = "#1f2933"
FAINT = "#5b6776"
"""Small print: with 5.8 to 1 against white it is read without effort."""


def element(name: str, text: str = "", **attributes: str | float) -> str:
    """One element; `_` in a name stands for `-`, and a trailing one for nothing."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}={quoteattr(_value(value))}"
        for key, value in attributes.items()
    )
    return f"<{name}{written}>{text}</{name}>" if text else f"<{name}{written}/>"


def words(
    x: float,
    y: float,
    text: str,
    *,
    size: float = 14,
    fill: str = INK,
    anchor: str = "start",
    **more: str | float,
) -> str:
    """A line of text whose baseline begins, or is centred, at (x, y)."""
    return element("text", escape(text), x=x, y=y, font_size=size, fill=fill, text_anchor=anchor, **more)


def lines(x: float, y: float, texts: Iterable[str], *, step: float = 18, **more: str | float) -> str:
    """Lines of text, one below the other."""
    return "\n".join(
        words(x, y + number * step, text, **more)  # type: ignore[arg-type]  # options of `words`
        for number, text in enumerate(texts)
    )


def arrow(path: str, *, stroke: str = INK, dashed: bool = False) -> str:
    """A line with a head, along a path of SVG's."""
    more = {"stroke_dasharray": "6 5"} if dashed else {}
    return element(
        "path", d=path, fill="none", stroke=stroke, stroke_width=1.8, marker_end="url(#head)", **more
    )


def drawing(width: int, height: int, title: str, parts: Iterable[str]) -> str:
    """A whole picture on white, so that it can be read on a dark page too."""
    head = element("path", d="M0,0 L10,5 L0,10 z", fill=INK)
    marker = element(
        "marker",
        head,
        id="head",
        viewBox="0 0 10 10",
        refX=9,
        refY=5,
        markerWidth=8,
        markerHeight=8,
        orient="auto-start-reverse",
    )
    begin = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="DejaVu Sans, Verdana, sans-serif" role="img">'
    )
    page = element("rect", width=width, height=height, fill="#ffffff")
    named = element("title", escape(title))
    return "\n".join([begin, named, element("defs", marker), page, *parts, "</svg>", ""])


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}"
