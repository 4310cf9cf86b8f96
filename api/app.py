"""The application: every route, the errors, and what lives as long as the process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Protocol

import httpx
from fastapi import FastAPI
from sqlmodel import Session
from starlette.routing import BaseRoute, Router

from api import (
    access,
    attachments,
    conversations,
    customers,
    events,
    health,
    pages,
    privacy,
    sending,
    surveys,
    workstreams,
)
from api.events.frames import render_event
from api.health.inbox_checks import check_conversation_lag, check_inbox_writable, check_relay_lag
from api.health.key_check import check_master_key
from api.http.docs_page import docs_routes
from api.http.errors import add_error_handlers
from api.http.middleware import Edge
from api.http.rate_limit import RateLimit
from api.http.slow_reads import LongReads
from api.http.untrusted_proxies import ProxyWatch
from api.runtime.conversation_commands import ConversationCommands
from api.runtime.dependencies import AppDependencies
from api.runtime.desk_metrics import DeskMetrics
from api.runtime.event_hub import EventHub
from api.runtime.meta_actions import MetaActions
from api.runtime.passwords import Passwords
from api.runtime.readiness import Readiness
from api.runtime.refusal_trail import RefusalTrail
from api.runtime.settings_fanout import SettingsFanout
from api.runtime.sign_in_throttle import SignInThrottle
from api.runtime.workflow_client import TemporalWorkflowClient, WorkflowClient
from api.security.audit import record_as
from api.security.auth import BOOTSTRAP_ADMIN_ID, roles_by_digest
from api.security.openapi import describe, introduction
from api.security.permissions import Permission, Permissions
from api.sending.reply_sweep import sweep_forever
from api.sending.service import ReplyService
from api.webhooks.mount import WebhookMount
from base import clock
from base.http.connections import Connections
from base.settings import Settings
from base.temporal import connect
from domain.events.kinds import FactKind
from messenger.graph.client import GraphClient
from store.access import agents as stored_agents
from store.attachments.checks import FileChecks
from store.attachments.object_store import FileStore
from store.db.database import Database, Lane
from store.db.sql import ping


class Feature(Protocol):
    """A package of endpoints."""

    @property
    def router(self) -> Router:
        """Its routes, in the order in which they are tried."""

    @property
    def PERMISSIONS(self) -> dict[str, Permission]:  # noqa: N802  # as a package names its constant
        """Who may call each of its operations."""


_GRAPH_CONNECTIONS = httpx.Limits(max_connections=10, max_keepalive_connections=10, keepalive_expiry=3.0)

FEATURES: tuple[Feature, ...] = (
    access,
    pages,
    workstreams,
    conversations,
    sending,
    customers,
    attachments,
    surveys,
    events,
    health,
    privacy,
)

PERMISSIONS = Permissions(feature.PERMISSIONS for feature in FEATURES)


def create_app(
    settings: Settings,
    *,
    database: Database | None = None,
    workflow_client: WorkflowClient | None = None,
    graph_transport: httpx.AsyncBaseTransport | None = None,
    connections: Connections | None = None,
) -> FastAPI:
    """Make the API. Dependencies that are left out are opened when it starts and closed when it ends.

    It starts, reads and takes webhooks while the workflow engine is away. `graph_transport` carries its few
    Graph calls instead of the network, in tests. `connections` are the server's, to tell of them.
    """
    webhooks, proxies = WebhookMount(), ProxyWatch()

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        opened = database or Database(
            settings.store_url, readers=settings.store_readers, writers=settings.store_writers
        )
        http = httpx.AsyncClient(transport=graph_transport, limits=_GRAPH_CONNECTIONS)
        inbox = Database(settings.inbox_url)
        app.state.services = await _services(
            settings, opened, inbox, workflow_client, http, proxies=proxies, connections=connections
        )
        if connections is not None:
            connections.when_stopping.append(app.state.services.hub.end)
        app.state.services.readiness.checks |= {
            "inbox": partial(check_inbox_writable, inbox),
            "relay": partial(check_relay_lag, opened, inbox),
            "conversations": partial(check_conversation_lag, opened, inbox),
        }
        webhooks.open(settings, opened, app.state.services.refusals)
        background = {
            asyncio.create_task(sweep_forever(ReplyService.of(app.state.services)), name="sweep"),
            asyncio.create_task(app.state.services.fanout.run(), name="settings"),
            asyncio.create_task(app.state.services.refusals.run(), name="refusals"),
        }
        try:
            yield
        finally:
            for task in background:
                task.cancel()
            await asyncio.wait(background)
            await app.state.services.refusals.flush()
            webhooks.close()
            inbox.close()
            await http.aclose()
            await app.state.services.hub.close()
            if database is None:
                opened.close()

    app = FastAPI(
        title="Pagedesk",
        version="1",
        description=introduction(),
        lifespan=lifespan,
        routes=_routes(settings),
        openapi_url=None,
        redirect_slashes=False,
    )
    add_error_handlers(app)
    app.state.permissions = PERMISSIONS
    describe(app, PERMISSIONS)
    https = settings.public_base_url.startswith("https:")
    app.add_middleware(Edge, https=https, webhooks=webhooks, proxies=proxies)
    return app


def _routes(settings: Settings) -> list[BaseRoute]:
    """All routes in the order in which they are tried."""
    return [
        *(route for feature in FEATURES for route in feature.router.routes),
        *(docs_routes() if settings.docs else ()),
    ]


async def _services(
    settings: Settings,
    database: Database,
    inbox: Database,
    workflow_client: WorkflowClient | None,
    http: httpx.AsyncClient,
    *,
    proxies: ProxyWatch,
    connections: Connections | None,
) -> AppDependencies:
    if workflow_client is None:
        workflow_client = TemporalWorkflowClient(await connect(settings, lazy=True))
    if settings.admin_token is not None:
        await database.write(_ensure_bootstrap_admin)
    return AppDependencies(
        settings=settings,
        database=database,
        workflow_client=workflow_client,
        meta=MetaActions(
            database, GraphClient(http, str(settings.graph_base_url), settings.graph_version), settings.vault
        ),
        commands=ConversationCommands(database, workflow_client),
        passwords=Passwords(),
        sign_in_throttle=SignInThrottle(database, settings.vault),
        refusals=RefusalTrail(database),
        call_limit=RateLimit("too_many_requests", per_second=200, burst=1000),
        reply_limit=RateLimit("too_many_messages", per_second=2, burst=120),
        sender_action_limit=RateLimit("too_many_requests", per_second=1, burst=10),
        public_page_limit=RateLimit("too_many_requests", per_second=1, burst=60),
        hub=EventHub(
            database, lambda session, digests: roles_by_digest(session, settings, digests), render_event
        ),
        long_reads=LongReads(database),
        fanout=SettingsFanout(database, workflow_client),
        readiness=Readiness(
            {
                "store": lambda: database.read(ping, Lane.FIRST),
                "engine": workflow_client.ping,
                "master_key": partial(check_master_key, database, settings),
            }
        ),
        metrics=DeskMetrics(database, inbox),
        files=FileStore(settings.files_url),
        file_checks=FileChecks(settings),
        proxies=proxies,
        connections=connections,
    )


def _ensure_bootstrap_admin(session: Session) -> None:
    """Make the agent of PAGEDESK_ADMIN_TOKEN an active admin again: an operator can always get in."""
    if stored_agents.ensure_admin(session, BOOTSTRAP_ADMIN_ID, "Administrator", clock.now()):
        session.flush()
        record_as(session, BOOTSTRAP_ADMIN_ID, FactKind.AGENT_RESTORED, cause="PAGEDESK_ADMIN_TOKEN")
