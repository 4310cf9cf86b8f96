"""What calls of the Graph API come to: the outcome of a send, and what Meta tells of tokens and pages."""

from dataclasses import dataclass
from datetime import datetime

from messenger.graph.errors import GraphError


@dataclass(frozen=True, slots=True)
class Sent:
    """The message was sent; `mid` is Meta's id of it."""

    mid: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Meta refused it for certain: nothing was sent."""

    error: GraphError


@dataclass(frozen=True, slots=True)
class NotSent:
    """It was certainly not sent: no byte of the request left. May be tried again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been sent. Never repeat it before an echo, or reading the conversation, has shown."""

    reason: str
    error: GraphError | None = None


class GraphUnavailable(Exception):  # noqa: N818  # says what is the matter; GraphError is what Meta answered
    """No answer of the Graph API that can be used: unreachable, too slow, or not in its form. Try again."""

    says_no_values = True


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """What `debug_token` says of an access token. An instant that never comes, or is not told, is None."""

    is_valid: bool
    app_id: str | None
    type: str | None
    profile_id: str | None
    issued_at: datetime | None
    expires_at: datetime | None
    data_access_expires_at: datetime | None
    scopes: frozenset[str]
    error: GraphError | None


@dataclass(frozen=True, slots=True)
class AppSubscription:
    """One webhook of an app: for an object ("page"), where to, which fields."""

    object: str
    callback_url: str
    fields: frozenset[str]
    active: bool


@dataclass(frozen=True, slots=True)
class PageSubscription:
    """One app that receives a page's events, and which."""

    app_id: str
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class PageProfile:
    """The page that a token belongs to."""

    page_id: str
    name: str | None
