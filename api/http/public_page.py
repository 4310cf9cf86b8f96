"""The public HTML pages for customers: accessible, without scripts, from 320 pixels on.

The templates are in `api/templates`; everything that is put into them is escaped.
"""

import base64
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATES = Path(__file__).parents[1] / "templates"
_STYLE = (_TEMPLATES / "page.css").read_text()
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_environment = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    auto_reload=False,
)
_environment.globals["style"] = _STYLE

HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Robots-Tag": "noindex, nofollow",
}


def render_page(
    template: str, *, language: str, title: str, heading: str, page_name: str | None = None, **values: Any
) -> str:
    """A page from a template that extends `page.html`. `page_name`: in whose name it speaks."""
    return _environment.get_template(template).render(
        language=language, title=title, heading=heading, page_name=page_name, **values
    )


def message_page(language: str, heading: str, text: str, page_name: str | None = None) -> str:
    """A page with a heading and one paragraph."""
    return render_page(
        "message.html", language=language, title=heading, heading=heading, page_name=page_name, text=text
    )
