"""The application: every route, the errors, and what lives as long as the process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Protocol

import httpx
from fastapi import FastAPI
from sqlmodel import Session
from starlette.datastructures import State
from starlette.routing import BaseRoute, Router

from api import (
    access,
    attachments,
    client,
    contacts,
    conversations,
    customers,
    events,
    health,
    notes,
    pages,
    presence,
    privacy,
    quick_replies,
    reports,
    routing,
    search,
    sending,
    surveys,
    workstreams,
)
from api.access.passwords import Passwords
from api.access.sign_in_throttle import SignInThrottle
from api.console.console_page import console_routes
from api.console.releases import keep_releases
from api.events.event_hub import EventHub
from api.events.frames import render_event
from api.health.desk_metrics import DeskMetrics
from api.health.inbox_checks import check_conversation_lag, check_inbox_writable, check_relay_lag
from api.health.key_check import check_master_key
from api.health.readiness import Readiness
from api.http.docs_page import docs_routes
from api.http.errors import add_error_handlers
from api.http.middleware import Edge
from api.http.rate_limit import RateLimit
from api.http.slow_reads import LongReads
from api.http.untrusted_proxies import ProxyWatch
from api.security.audit import record_as
from api.security.auth import BOOTSTRAP_ADMIN_ID, rights_by_digest
from api.security.openapi import describe, introduction
from api.security.permissions import Permission, Permissions
from api.security.refused_requests import RefusedRequests
from api.sending.reply_service import ReplyService
from api.sending.reply_sweep import sweep_forever
from api.services.conversation_commands import ConversationCommands
from api.services.internal_inbox import InternalInbox
from api.services.meta_actions import MetaActions
from api.services.stream_presence import StreamPresence
from api.services.token_checks import TokenChecks
from api.services.workflow_client import TemporalWorkflowClient, WorkflowClient
from api.webhooks.mount import WebhookMount
from base import clock
from base.http.connections import Connections
from base.settings import Settings
from base.temporal import connect
from domain.events.kinds import FactKind
from ingest.inbox.inbox import open_inbox
from messenger.graph.client import GraphClient
from store.access import agents as stored_agents
from store.attachments.file_checks import FileChecks
from store.attachments.object_store import FileStore
from store.db.database import Database, ReadLane
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
    routing,
    conversations,
    sending,
    customers,
    contacts,
    notes,
    quick_replies,
    search,
    attachments,
    surveys,
    events,
    presence,
    health,
    privacy,
    reports,
    client,
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

    It starts, reads and takes webhooks while Temporal is away. `graph_transport` carries its few
    Graph calls instead of the network, in tests. `connections` are the server's, to tell of them.
    """
    webhooks, proxies = WebhookMount(), ProxyWatch()

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        store = database or Database(
            settings.store_url, readers=settings.store_readers, writers=settings.store_writers
        )
        if settings.admin_token is not None:
            await store.write(_ensure_bootstrap_admin)
        workflows = workflow_client or TemporalWorkflowClient(await connect(settings, lazy=True))
        http = httpx.AsyncClient(transport=graph_transport, limits=_GRAPH_CONNECTIONS)
        graph = GraphClient(http, str(settings.graph_base_url), settings.graph_version)
        inbox_rows, inbox = Database(settings.inbox_url), open_inbox(settings, store.signals)
        _set_state(app.state, settings, store, inbox_rows, workflows=workflows, graph=graph)
        app.state.internal_inbox = InternalInbox(inbox, inbox_rows)
        app.state.console = await asyncio.to_thread(keep_releases, settings.data_dir / "console")
        app.state.proxies, app.state.connections = proxies, connections
        hub: EventHub = app.state.event_hub
        refused: RefusedRequests = app.state.refused_requests
        stream_presence: StreamPresence = app.state.stream_presence
        if connections is not None:
            connections.when_stopping.append(hub.end)
        webhooks.open(settings, store, inbox, refused)
        background = {
            asyncio.create_task(sweep_forever(app.state.replies), name="sweep"),
            asyncio.create_task(refused.run(), name="refusals"),
            asyncio.create_task(stream_presence.run(), name="presence"),
        }
        try:
            yield
        finally:
            for task in background:
                task.cancel()
            await asyncio.wait(background)
            await refused.flush()
            await stream_presence.close()
            webhooks.close()
            inbox.close()
            inbox_rows.close()
            await http.aclose()
            await hub.close()
            if database is None:
                store.close()

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
        *console_routes(),
    ]


def _set_state(
    state: State,
    settings: Settings,
    store: Database,
    inbox_rows: Database,
    *,
    workflows: WorkflowClient,
    graph: GraphClient,
) -> None:
    """Make what requests share. Each module that owns one exports the dependency on it."""
    state.settings = settings
    state.database = store
    state.workflow_client = workflows
    state.meta_actions = MetaActions(store, graph, settings.vault)
    state.token_checks = TokenChecks(store, graph, settings.vault)
    state.commands = ConversationCommands(store, workflows)
    state.replies = ReplyService(store, state.commands, state.meta_actions)
    state.passwords = Passwords()
    state.sign_in_throttle = SignInThrottle(store, settings.vault)
    state.refused_requests = RefusedRequests(store)
    state.call_limit = RateLimit("too_many_requests", per_second=200, burst=1000)
    state.public_page_limit = RateLimit("too_many_requests", per_second=1, burst=60)
    state.long_reads = LongReads(store)
    state.stream_presence = StreamPresence(store, settings.process_locks_directory)
    state.event_hub = EventHub(
        store, lambda session, digests: rights_by_digest(session, settings, digests), render_event
    )
    state.files = FileStore(settings.files_url)
    state.file_checks = FileChecks(settings)
    state.desk_metrics = DeskMetrics(store, inbox_rows)
    state.readiness = Readiness(
        {
            "store": lambda: store.read(ping, ReadLane.FIRST),
            "temporal": workflows.ping,
            "master_key": partial(check_master_key, store, settings),
            "inbox": partial(check_inbox_writable, inbox_rows),
            "relay": partial(check_relay_lag, store, inbox_rows),
            "conversations": partial(check_conversation_lag, store, inbox_rows),
        }
    )


def _ensure_bootstrap_admin(session: Session) -> None:
    """Make the agent of PAGEDESK_ADMIN_TOKEN an active admin again: an operator can always get in."""
    if stored_agents.ensure_admin(session, BOOTSTRAP_ADMIN_ID, "Administrator", clock.now()):
        session.flush()
        record_as(session, BOOTSTRAP_ADMIN_ID, FactKind.AGENT_RESTORED, cause="PAGEDESK_ADMIN_TOKEN")
