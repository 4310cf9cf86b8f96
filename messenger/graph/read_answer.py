"""Reading what the Graph API answers. What has another form is GraphUnavailable, and may be tried again."""

from collections.abc import Awaitable, Mapping
from datetime import UTC, datetime
from typing import Any

from messenger.graph.call import Access, AnswerLostError, GraphAnswer, NothingWrittenError
from messenger.graph.error_table import TAG_REFUSED
from messenger.graph.errors import read_error
from messenger.graph.page_credentials import PageCredentials
from messenger.graph.results import GraphUnavailable, Refused, Sent, Unknown
from messenger.json_parser import milliseconds


def require_success(body: Mapping[str, Any]) -> None:
    """Raise GraphUnavailable where Meta does not confirm a change."""
    if body.get("success") not in (True, "true"):
        raise GraphUnavailable("not_confirmed")


async def read_body(call: Awaitable[GraphAnswer], access: Access, *secrets: str) -> dict[str, Any]:
    """What the call answers. `secrets` are those which it carries beside its access."""
    try:
        answer = await call
    except (NothingWrittenError, AnswerLostError) as failure:
        raise GraphUnavailable(str(failure)) from None
    if answer.body is None:
        raise GraphUnavailable(f"unreadable_answer (HTTP {answer.status})")
    error = read_error(
        answer.status, answer.body, answer.headers, (access.token, access.app_secret, *secrets)
    )
    if error is not None:
        raise error
    return answer.body


def send_outcome(answer: GraphAnswer, credentials: PageCredentials) -> Sent | Refused | Unknown:
    """What Meta's answer to a send means."""
    secrets = (credentials.access_token, credentials.app_secret)
    error = read_error(answer.status, answer.body, answer.headers, secrets)
    if error is not None:
        return Unknown(error.reason, error) if error.outcome_unknown else Refused(error)
    mid = text_of((answer.body or {}).get("message_id"))
    return Sent(mid) if mid else Unknown("unreadable_answer")


def as_tag_refusal(outcome: Sent | Refused | Unknown) -> Sent | Refused | Unknown:
    """There is nothing but the tag that Meta could object to by code 100 alone."""
    if not isinstance(outcome, Refused) or (outcome.error.code, outcome.error.subcode) != (100, None):
        return outcome
    return Refused(outcome.error.with_meaning(TAG_REFUSED))


def text_of(value: Any) -> str | None:
    """A text; None for anything else."""
    return value if isinstance(value, str) else None


def instant_of(value: Any) -> datetime | None:
    """A time in seconds; 0 is never."""
    since_1970 = milliseconds(value)
    return None if since_1970 is None else datetime.fromtimestamp(since_1970 / 1000, UTC)


def object_in(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object of that name. Raises GraphUnavailable."""
    value = body.get(name)
    if not isinstance(value, dict):
        raise GraphUnavailable("unreadable_answer")
    return value


def objects_in(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects of the list of that name. Raises GraphUnavailable."""
    value = body.get(name)
    if not isinstance(value, list):
        raise GraphUnavailable("unreadable_answer")
    return [each for each in value if isinstance(each, dict)]


def names_of(value: Any) -> frozenset[str]:
    """A list of names, or of objects with a name: Meta has both forms."""
    listed = value if isinstance(value, list) else []
    names = (each.get("name") if isinstance(each, dict) else each for each in listed)
    return frozenset(name for name in names if isinstance(name, str))
