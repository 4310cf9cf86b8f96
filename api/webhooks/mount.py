"""The webhook as the application mounts it."""

from starlette.types import Receive, Scope, Send

from api.security.refused_requests import RefusedRequests
from api.webhooks.endpoint import WebhookEndpoint
from api.webhooks.secrets import AccountSecrets
from base.settings import Settings
from ingest.inbox.inbox import Inbox
from store.db.database import Database


class WebhookMount:
    """Holds the endpoint while the application runs."""

    def __init__(self) -> None:
        self._endpoint: WebhookEndpoint | None = None

    def open(self, settings: Settings, database: Database, inbox: Inbox, refusals: RefusedRequests) -> None:
        """Take deliveries into this inbox from now on."""
        self._endpoint = WebhookEndpoint(
            AccountSecrets(database, settings.vault),
            inbox,
            refusals,
            https=settings.public_base_url.startswith("https:"),
        )

    def close(self) -> None:
        """Take no more."""
        self._endpoint = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one delivery or handshake."""
        if self._endpoint is None:
            raise RuntimeError("The webhook is served before the application has started.")
        await self._endpoint(scope, receive, send)
