"""What refused messages, webhooks and fills of gaps told of a page, kept until its next checks.

Kept per problem code: a finding that comes again takes the place of the former one. Next to them stands when
Meta last enforced something, for its webhooks may come late and in any order.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.pages.findings import Finding
from store.tables import PageHealth

LAST_ENFORCEMENT = "last_enforcement"
"""Not a problem's code: what it keeps is no finding."""


def note(
    health: PageHealth,
    code: str,
    at: datetime,
    facts: Mapping[str, Any] | None = None,
    *,
    by_webhook: bool = False,
) -> None:
    """Keep a finding."""
    kept = {"at": at.isoformat(), "facts": dict(facts or {}), "by_webhook": by_webhook}
    health.findings = {**health.findings, code: kept}


def forget(health: PageHealth, *codes: str) -> None:
    """What was found does not hold any more."""
    health.findings = {code: kept for code, kept in health.findings.items() if code not in codes}


def of(health: PageHealth) -> list[Finding]:
    """All findings, in their order."""
    return [
        Finding(code, datetime.fromisoformat(kept["at"]), kept["facts"], by_webhook=kept["by_webhook"])
        for code, kept in health.findings.items()
        if code != LAST_ENFORCEMENT
    ]


def note_enforcement(health: PageHealth, action: str, reason: str | None, at: datetime) -> None:
    """Keep what Meta enforces: `warning`, `block`, or `unblock`, which ends both.

    `at` is Meta's time; what is older than the last that is known changes nothing.
    """
    last = health.findings.get(LAST_ENFORCEMENT)
    if last is not None and at < datetime.fromisoformat(last["at"]):
        return
    health.findings = {**health.findings, LAST_ENFORCEMENT: {"at": at.isoformat()}}
    if action == "unblock":
        forget(health, "policy_block", "policy_warning")
    elif action == "block":
        note(health, "policy_block", at, {"reason": reason}, by_webhook=True)
    elif action == "warning":
        note(health, "policy_warning", at, {"reason": reason}, by_webhook=True)
