"""Every generated page of `docs/`, and what makes it."""

from collections.abc import Callable
from pathlib import Path

from scripts.docs import (
    api_reference,
    lifecycle,
    metrics,
    page_problems,
    settings,
    timeline,
    webhook_events,
    work_distribution,
)

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def _renewed(name: str, renew: Callable[[str], str]) -> Callable[[], str]:
    """For a page that people write, and of which only tables are made."""
    return lambda: renew((DOCS / name).read_text())


PAGES: dict[str, Callable[[], str]] = {
    "../console/src/timeline/facts.json": timeline.words_wanted,
    "delivery.md": _renewed("delivery.md", page_problems.renewed),
    "lifecycle.md": _renewed("lifecycle.md", lifecycle.renewed),
    **lifecycle.PICTURES,
    "metrics.md": metrics.page,
    "openapi.json": api_reference.openapi_document,
    "problems.md": api_reference.problems_document,
    "settings.md": settings.page,
    "work-distribution.md": _renewed("work-distribution.md", work_distribution.renewed),
    **work_distribution.PICTURES,
    "webhook-events.md": lambda: webhook_events.page(ROOT / "tests" / "fixtures" / "payloads"),
}
