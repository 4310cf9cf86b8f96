"""What refused messages, webhooks and fills of gaps told of a page, kept with it until the next checks.

Kept per problem code: a finding that comes again takes the place of the former one. Next to them stands when
Meta last enforced something, for its webhooks may come late and in any order.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.pages.health import Finding
from store.tables import Page

LAST_ENFORCEMENT = "last_enforcement"
"""Not a problem's code: what it keeps is no finding."""


def note(
    page: Page, code: str, at: datetime, facts: Mapping[str, Any] | None = None, *, by_webhook: bool = False
) -> None:
    """Keep a finding."""
    kept = {"at": at.isoformat(), "facts": dict(facts or {}), "by_webhook": by_webhook}
    page.findings = {**page.findings, code: kept}


def forget(page: Page, *codes: str) -> None:
    """What was found does not hold any more."""
    page.findings = {code: kept for code, kept in page.findings.items() if code not in codes}


def of(page: Page) -> list[Finding]:
    """All findings, in their order."""
    return [
        Finding(code, datetime.fromisoformat(kept["at"]), kept["facts"], by_webhook=kept["by_webhook"])
        for code, kept in page.findings.items()
        if code != LAST_ENFORCEMENT
    ]


def note_enforcement(page: Page, action: str, reason: str | None, at: datetime) -> None:
    """Keep what Meta enforces: `warning`, `block`, or `unblock`, which ends both.

    `at` is Meta's time; what is older than the last that is known changes nothing.
    """
    last = page.findings.get(LAST_ENFORCEMENT)
    if last is not None and at < datetime.fromisoformat(last["at"]):
        return
    page.findings = {**page.findings, LAST_ENFORCEMENT: {"at": at.isoformat()}}
    if action == "unblock":
        forget(page, "policy_block", "policy_warning")
    elif action == "block":
        note(page, "policy_block", at, {"reason": reason}, by_webhook=True)
    elif action == "warning":
        note(page, "policy_warning", at, {"reason": reason}, by_webhook=True)
