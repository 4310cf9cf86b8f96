"""A Page's access token: is it dead, does it lack a permission, when is it to be renewed.

All instants are given; nothing here asks a clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.pages.page_problems import PageProblem

NEEDED_SCOPES = ("pages_messaging", "pages_manage_metadata")

REFRESH_AFTER = timedelta(days=60)
REFRESH_WARNINGS = (14, 3)
"""Days before the refresh at which it is told of."""


@dataclass(frozen=True, slots=True)
class Token:
    """What Meta says of an access token. An instant that never comes, or is not told, is None."""

    is_valid: bool
    app_id: str | None
    scopes: frozenset[str]
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    data_access_expires_at: datetime | None = None


def token_problems(token: Token, own_app_id: str) -> Iterator[PageProblem]:
    """What keeps a token from being used at all."""
    if not token.is_valid:
        yield PageProblem("token_invalid")
        return
    if token.app_id is not None and token.app_id != own_app_id:
        yield PageProblem("token_of_another_app")
    missing = [scope for scope in NEEDED_SCOPES if scope not in token.scopes]
    if missing:
        yield PageProblem("permission_missing", f"The access token lacks {', '.join(missing)}.")


def refresh_due_at(token: Token, saved_at: datetime) -> datetime:
    """When the page must be authorised anew: the first end that Meta names, else 60 days after its issue.

    A page's token may have no end, but dies with the person's password or role; so it is renewed too.
    """
    ends = [end for end in (token.expires_at, token.data_access_expires_at) if end is not None]
    return min(ends) if ends else (token.issued_at or saved_at) + REFRESH_AFTER


def refresh_problem(due_at: datetime, now: datetime) -> PageProblem | None:
    """The warning that a refresh is near, told again at each of its stages; stage 0 is past the day."""
    left = due_at - now
    stages = [days for days in (*REFRESH_WARNINGS, 0) if left <= timedelta(days=days)]
    if not stages:
        return None
    when = "is overdue since" if left <= timedelta(0) else "is due by"
    detail = (
        f"The page's authorisation must be renewed every 60 days; that {when} {due_at:%Y-%m-%d %H:%M} UTC."
    )
    return PageProblem("token_refresh_due", detail, stage=min(stages), facts={"due_at": due_at.isoformat()})
