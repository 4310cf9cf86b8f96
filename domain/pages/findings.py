"""What refused messages, webhooks and fills of gaps told of a page, and how long each counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.pages.page_problems import PageProblem


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a refused message, a webhook or the fill of a gap told of the page, last at `at`.

    `facts` are Meta's: code and subcode, or the reason of an enforcement.
    """

    code: str
    at: datetime
    facts: Mapping[str, Any]
    by_webhook: bool = False


_LASTS = {
    "token_invalid": timedelta(minutes=10),
    "policy_block": timedelta(hours=1),
    "sends_not_permitted": timedelta(days=1),
    "development_mode": timedelta(days=7),
    "human_agent_not_granted": timedelta(days=7),
    "policy_warning": timedelta(days=7),
    "gap_not_filled": timedelta(days=1),
    "gap_incomplete": timedelta(days=7),
}
"""How long a finding stands that nothing confirms. A block told by a webhook stands until it is lifted."""


def stands(finding: Finding, now: datetime, *, human_agent_tag: bool) -> bool:
    """Whether a finding still counts."""
    if finding.code == "human_agent_not_granted" and not human_agent_tag:
        return False
    if finding.code == "policy_block" and finding.by_webhook:
        return True
    return now < finding.at + _LASTS[finding.code]


def problem_of(finding: Finding) -> PageProblem:
    """A finding that stands, as a problem."""
    return PageProblem(finding.code, facts={**finding.facts, "since": finding.at.isoformat()})
