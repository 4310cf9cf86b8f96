"""Meta's delivery of a page's events, at both levels: the app's webhook and the page's subscription."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field

from messenger.graph.client import GraphClient
from messenger.graph.errors import GraphError
from messenger.graph.page_credentials import PageCredentials
from messenger.webhooks.subscribed_fields import ALL_FIELDS, REQUIRED_FIELDS, WEBHOOK_FIELDS

_BAD_PARAMETER = 100
_OPTIONAL = tuple(name for name in ALL_FIELDS if name not in REQUIRED_FIELDS)

_Subscribe = Callable[[Collection[str]], Awaitable[None]]
"""Subscribes one level to exactly these fields."""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """What Meta delivers: the fields of the app's webhook and of the page; None where nothing is ours."""

    app: frozenset[str] | None
    page: frozenset[str] | None

    @property
    def dropped(self) -> bool:
        """Whether Meta does not deliver at all, not merely too few fields."""
        return self.app is None or self.page is None

    @property
    def lacking(self) -> tuple[str, ...]:
        """The fields that Meta does not deliver, in the order of `WEBHOOK_FIELDS`."""
        delivered = (self.app or frozenset()) & (self.page or frozenset())
        return tuple(name for name in ALL_FIELDS if name not in delivered)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One page's subscription. Its methods raise GraphError and GraphUnavailable."""

    credentials: PageCredentials
    callback_url: str
    verify_token: str = field(repr=False)

    async def subscribed(self, graph: GraphClient) -> Subscribed:
        """What Meta delivers now. Of several webhooks of ours the one with most of our fields counts."""
        app_id = self.credentials.app.app_id
        webhooks = [
            each.fields
            for each in await graph.app_subscriptions(self.credentials.app)
            if each.object == "page" and each.active and each.callback_url == self.callback_url
        ]
        pages = [
            each.fields for each in await graph.page_subscriptions(self.credentials) if each.app_id == app_id
        ]
        return Subscribed(_most_useful(webhooks), _most_useful(pages))

    async def mend(self, graph: GraphClient, now: Subscribed) -> Subscribed:
        """Subscribe to what is missing, and change nothing else; what Meta delivers then."""

        async def of_app(fields: Collection[str]) -> None:
            await graph.subscribe_app(self.credentials.app, self.callback_url, self.verify_token, fields)

        async def of_page(fields: Collection[str]) -> None:
            await graph.subscribe_page(self.credentials, fields)

        return Subscribed(await _subscribed(of_app, now.app), await _subscribed(of_page, now.page))


def _most_useful(found: list[frozenset[str]]) -> frozenset[str] | None:
    return max(found, key=lambda fields: len(fields & frozenset(ALL_FIELDS)), default=None)


async def _subscribed(subscribe: _Subscribe, has: frozenset[str] | None) -> frozenset[str]:
    """Subscribe one level to all fields; where Meta refuses one, to those that it does not refuse.

    Without a required field a page cannot work: its refusal is raised. Meta names the field it refuses in its
    text alone, so the optional ones are tried one by one.
    """
    if has is not None and has.issuperset(ALL_FIELDS):
        return has
    try:
        await subscribe(ALL_FIELDS)
    except GraphError as error:
        if error.code != _BAD_PARAMETER:
            raise
    else:
        return frozenset(ALL_FIELDS)
    if has is not None and has >= REQUIRED_FIELDS:
        return has
    taken = tuple(each.name for each in WEBHOOK_FIELDS if each.required)
    await subscribe(taken)
    for name in _OPTIONAL:
        try:
            await subscribe((*taken, name))
        except GraphError as error:
            if error.code != _BAD_PARAMETER:
                raise
        else:
            taken = (*taken, name)
    return frozenset(taken)
