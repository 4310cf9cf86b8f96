"""What the endpoints of one process share."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from api.at_meta import MetaDesk
from api.desk_metrics import DeskMetrics
from api.engine import Engine
from api.event_hub import EventHub
from api.flights import Flights
from api.long_reads import LongReads
from api.passwords import Passwords
from api.proxy_watch import ProxyWatch
from api.rates import RateLimit
from api.readiness import Readiness
from api.refusal_trail import RefusalTrail
from api.settings_fanout import SettingsFanout
from api.throttle import SignInThrottle
from base.http.connections import Connections
from base.settings import Settings
from store.attachments.checks import FileChecks
from store.attachments.object_store import FileStore
from store.db.database import Database


@dataclass(frozen=True, slots=True)
class Services:
    """Made when the application starts, closed when it ends."""

    settings: Settings
    database: Database
    engine: Engine
    meta: MetaDesk
    flights: Flights
    passwords: Passwords
    throttle: SignInThrottle
    refusals: RefusalTrail
    calls: RateLimit
    replies: RateLimit
    sender_actions: RateLimit
    survey_pages: RateLimit
    hub: EventHub
    fanout: SettingsFanout
    long_reads: LongReads
    readiness: Readiness
    metrics: DeskMetrics
    files: FileStore
    file_checks: FileChecks
    proxies: ProxyWatch
    connections: Connections | None


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


Shared = Annotated[Services, Depends(_services)]
