"""The application: every route, the errors, and what lives as long as the process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import text
from sqlmodel import Session
from starlette.routing import BaseRoute

from api import (
    accounts,
    agents,
    attachments,
    audit,
    automated_messages,
    commands,
    context,
    conversations,
    customers,
    data_deletion,
    event_stream,
    health,
    me,
    messages,
    metrics,
    pages,
    replies,
    sender_actions,
    server,
    session_templates,
    sign_ins,
    starting,
    survey_page,
    survey_settings,
    surveys,
    thread_control,
    time_out_rules,
    unrouted,
    workstreams,
)
from api.at_meta import MetaDesk
from api.auth import BOOTSTRAP_ADMIN_ID, roles_by_digest
from api.desk_metrics import DeskMetrics
from api.docs_page import docs_routes
from api.edge import Edge
from api.engine import Engine, TemporalEngine
from api.errors import add_error_handlers
from api.event_hub import EventHub
from api.flights import Flights
from api.inbox_checks import conversations_are_told, inbox_takes_writes, relay_keeps_up
from api.key_check import master_key_fits
from api.long_reads import LongReads
from api.openapi import describe, introduction
from api.passwords import Passwords
from api.proxy_watch import ProxyWatch
from api.rates import RateLimit
from api.readiness import Readiness
from api.recording import record_of
from api.refusal_trail import RefusalTrail
from api.services import Services
from api.settings_fanout import SettingsFanout
from api.sweep import sweep_forever
from api.throttle import SignInThrottle
from api.webhook_mount import WebhookMount
from base import clock
from base.http.connections import Connections
from base.settings import Settings
from base.temporal import connect
from messenger.graph.client import GraphClient
from store.access import agents as stored_agents
from store.attachments.checks import FileChecks
from store.attachments.object_store import FileStore
from store.db.database import Database, Lane

_GRAPH_CONNECTIONS = httpx.Limits(max_connections=10, max_keepalive_connections=10, keepalive_expiry=3.0)

_RESOURCES = (
    sign_ins,
    me,
    accounts,
    pages,
    automated_messages,
    workstreams,
    time_out_rules,
    session_templates,
    agents,
    conversations,
    starting,
    context,
    replies,
    sender_actions,
    thread_control,
    commands,
    messages,
    customers,
    attachments,
    survey_settings,
    surveys,
    event_stream,
    unrouted,
    audit,
    health,
    metrics,
    server,
)


def create_app(
    settings: Settings,
    *,
    database: Database | None = None,
    engine: Engine | None = None,
    graph_transport: httpx.AsyncBaseTransport | None = None,
    connections: Connections | None = None,
) -> FastAPI:
    """The API. What is not given is opened when the application starts and closed when it ends.

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
            settings, opened, inbox, engine, http, proxies=proxies, connections=connections
        )
        app.state.services.readiness.checks |= {
            "inbox": partial(inbox_takes_writes, inbox),
            "relay": partial(relay_keeps_up, opened, inbox),
            "conversations": partial(conversations_are_told, opened, inbox),
        }
        webhooks.open(settings, opened, app.state.services.refusals)
        background = {
            asyncio.create_task(sweep_forever(app.state.services), name="sweep"),
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
    describe(app)
    https = settings.public_base_url.startswith("https:")
    app.add_middleware(Edge, https=https, webhooks=webhooks, proxies=proxies)
    return app


def _routes(settings: Settings) -> list[BaseRoute]:
    """All routes in the order in which they are tried."""
    return [
        *(route for resource in _RESOURCES for route in resource.router.routes),
        *survey_page.survey_routes(),
        *data_deletion.data_deletion_routes(),
        *(docs_routes() if settings.docs else ()),
    ]


async def _services(
    settings: Settings,
    database: Database,
    inbox: Database,
    engine: Engine | None,
    http: httpx.AsyncClient,
    *,
    proxies: ProxyWatch,
    connections: Connections | None,
) -> Services:
    if engine is None:
        engine = TemporalEngine(await connect(settings, lazy=True))
    if settings.admin_token is not None:
        await database.write(_ensure_bootstrap_admin)
    return Services(
        settings=settings,
        database=database,
        engine=engine,
        meta=MetaDesk(
            database, GraphClient(http, str(settings.graph_base_url), settings.graph_version), settings.vault
        ),
        flights=Flights(),
        passwords=Passwords(),
        throttle=SignInThrottle(database, settings.vault),
        refusals=RefusalTrail(database),
        calls=RateLimit("too_many_requests", per_second=200, burst=1000),
        replies=RateLimit("too_many_messages", per_second=2, burst=120),
        sender_actions=RateLimit("too_many_requests", per_second=1, burst=10),
        survey_pages=RateLimit("too_many_requests", per_second=1, burst=60),
        hub=EventHub(database, lambda session, digests: roles_by_digest(session, settings, digests)),
        long_reads=LongReads(database),
        fanout=SettingsFanout(database, engine),
        readiness=Readiness(
            {
                "store": lambda: database.read(_ask_store, Lane.FIRST),
                "engine": engine.ping,
                "master_key": partial(master_key_fits, database, settings),
            }
        ),
        metrics=DeskMetrics(database, inbox),
        files=FileStore(settings.files_url),
        file_checks=FileChecks(settings),
        proxies=proxies,
        connections=connections,
    )


def _ensure_bootstrap_admin(session: Session) -> None:
    """Whoever sets PAGEDESK_ADMIN_TOKEN is an admin, whatever was done to that agent: the last way in."""
    if stored_agents.ensure_admin(session, BOOTSTRAP_ADMIN_ID, "Administrator", clock.now()):
        session.flush()
        record_of(session, BOOTSTRAP_ADMIN_ID, "agent.restored", cause="PAGEDESK_ADMIN_TOKEN")


def _ask_store(session: Any) -> None:
    session.connection().execute(text("SELECT 1"))
