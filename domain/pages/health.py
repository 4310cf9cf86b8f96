"""The rules that find what is wrong with a page, from what Meta says and what the page has heard.

`domain.pages.page_problems` explains each problem. All instants are given; nothing here asks a clock.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.pages.page_problems import Problem, Severity

NEEDED_SCOPES = ("pages_messaging", "pages_manage_metadata")

REFRESH_AFTER = timedelta(days=60)
REFRESH_WARNINGS = (14, 3)
"""Days before the refresh at which it is told of."""

STANDBY_ALONE_FOR = timedelta(days=1)

GAP_DAYS = 14
SILENCE_FACTOR = 3
MIN_SILENCE = timedelta(hours=1)
"""A busy page's pauses are minutes; nobody needs an alarm for such."""
DAYS_TO_LEARN = 2
"""A page that has not been heard on two days has shown no night yet."""


@dataclass(frozen=True, slots=True)
class Token:
    """What Meta says of an access token. An instant that never comes, or is not told, is None."""

    is_valid: bool
    app_id: str | None
    scopes: frozenset[str]
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    data_access_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a refused message, a webhook or the fill of a gap told of the page, last at `at`.

    `facts` are Meta's: code and subcode, or the reason of an enforcement.
    """

    code: str
    at: datetime
    facts: Mapping[str, Any]
    by_webhook: bool = False


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a page has heard. `gaps` are its longest silences per day, of the last 14 days at least."""

    last_event_at: datetime | None = None
    last_messaging_at: datetime | None = None
    last_standby_at: datetime | None = None
    gaps: Sequence[tuple[datetime, timedelta]] = ()


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


def token_problems(token: Token, own_app_id: str) -> Iterator[Problem]:
    """What keeps a token from being used at all."""
    if not token.is_valid:
        yield Problem("token_invalid")
        return
    if token.app_id is not None and token.app_id != own_app_id:
        yield Problem("token_of_another_app")
    missing = [scope for scope in NEEDED_SCOPES if scope not in token.scopes]
    if missing:
        yield Problem("permission_missing", f"The access token lacks {', '.join(missing)}.")


def refresh_due_at(token: Token, saved_at: datetime) -> datetime:
    """When the page must be authorised anew: the first end that Meta names, else 60 days after its issue.

    A page's token may have no end, but dies with the person's password or role; so it is renewed too.
    """
    ends = [end for end in (token.expires_at, token.data_access_expires_at) if end is not None]
    return min(ends) if ends else (token.issued_at or saved_at) + REFRESH_AFTER


def refresh_problem(due_at: datetime, now: datetime) -> Problem | None:
    """The warning that a refresh is near, told again at each of its stages; stage 0 is past the day."""
    left = due_at - now
    stages = [days for days in (*REFRESH_WARNINGS, 0) if left <= timedelta(days=days)]
    if not stages:
        return None
    when = "is overdue since" if left <= timedelta(0) else "is due by"
    detail = (
        f"The page's authorisation must be renewed every 60 days; that {when} {due_at:%Y-%m-%d %H:%M} UTC."
    )
    return Problem("token_refresh_due", detail, stage=min(stages), facts={"due_at": due_at.isoformat()})


def standby_problem(traffic: Traffic) -> Problem | None:
    """Whether the page's recent traffic is in standby only: the tell-tale of another primary receiver."""
    standby, messaging = traffic.last_standby_at, traffic.last_messaging_at
    if standby is None or (messaging is not None and standby - messaging < STANDBY_ALONE_FOR):
        return None
    return Problem("standby_only", facts={"since": messaging.isoformat() if messaging else None})


def usual_silence(traffic: Traffic, now: datetime) -> timedelta | None:
    """The longest silence that is usual for the page; None while it is not known long enough."""
    recent = [(day, gap) for day, gap in traffic.gaps if day > now - timedelta(days=GAP_DAYS)]
    if len({day.date() for day, _ in recent}) < DAYS_TO_LEARN:
        return None
    return max(gap for _, gap in recent)


def silence_problem(traffic: Traffic, now: datetime) -> Problem | None:
    """Whether the page has been silent for longer than three times its longest silence of 14 days."""
    usual = usual_silence(traffic, now)
    if usual is None or traffic.last_event_at is None:
        return None
    allowed = max(SILENCE_FACTOR * usual, MIN_SILENCE)
    if now - traffic.last_event_at <= allowed:
        return None
    return Problem("silent", facts={"since": traffic.last_event_at.isoformat()})


def stands(finding: Finding, now: datetime, *, human_agent_tag: bool) -> bool:
    """Whether a finding still counts."""
    if finding.code == "human_agent_not_granted" and not human_agent_tag:
        return False
    if finding.code == "policy_block" and finding.by_webhook:
        return True
    return now < finding.at + _LASTS[finding.code]


def problem_of(finding: Finding) -> Problem:
    """A finding that stands, as a problem."""
    return Problem(finding.code, facts={**finding.facts, "since": finding.at.isoformat()})


def sorted_by_weight(problems: Sequence[Problem]) -> list[Problem]:
    """Worst first; of two with one code the first alone."""
    order = list(Severity)
    once = {problem.code: problem for problem in reversed(problems)}
    first = [problem for problem in problems if once[problem.code] is problem]
    return sorted(first, key=lambda problem: order.index(problem.severity))
