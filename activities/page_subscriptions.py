"""Meta's delivery of a page's events, at both levels: the app's webhook and the page's subscription."""

from dataclasses import dataclass, field

from messenger.fields import ALL_FIELDS, REQUIRED_FIELDS
from messenger.graph import GraphClient, PageCredentials


@dataclass(frozen=True, slots=True)
class Missing:
    """What is to be subscribed again. `dropped`: Meta does not deliver at all, not merely too few fields."""

    app: bool
    page: bool
    dropped: bool


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One page's subscription. Its methods raise GraphError and GraphUnavailable."""

    credentials: PageCredentials
    callback_url: str
    verify_token: str = field(repr=False)

    async def missing(self, graph: GraphClient) -> Missing:
        """What Meta lacks to deliver what Pagedesk needs."""
        app_id = self.credentials.app.app_id
        webhooks = [
            each.fields
            for each in await graph.app_subscriptions(self.credentials.app)
            if each.object == "page" and each.active and each.callback_url == self.callback_url
        ]
        subscribed = [
            each.fields for each in await graph.page_subscriptions(self.credentials) if each.app_id == app_id
        ]
        return Missing(
            app=not any(fields >= REQUIRED_FIELDS for fields in webhooks),
            page=not any(fields >= REQUIRED_FIELDS for fields in subscribed),
            dropped=not webhooks or not subscribed,
        )

    async def mend(self, graph: GraphClient, missing: Missing) -> None:
        """Subscribe to what is missing, and change nothing else."""
        if missing.app:
            await graph.subscribe_app(self.credentials.app, self.callback_url, self.verify_token, ALL_FIELDS)
        if missing.page:
            await graph.subscribe_page(self.credentials, ALL_FIELDS)
