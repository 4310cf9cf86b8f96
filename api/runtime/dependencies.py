"""What the endpoints of one process share."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from api.http.rate_limit import RateLimit
from api.http.slow_reads import LongReads
from api.http.untrusted_proxies import ProxyWatch
from api.runtime.conversation_commands import ConversationCommands
from api.runtime.desk_metrics import DeskMetrics
from api.runtime.event_hub import EventHub
from api.runtime.meta_actions import MetaActions
from api.runtime.passwords import Passwords
from api.runtime.readiness import Readiness
from api.runtime.refusal_trail import RefusalTrail
from api.runtime.settings_fanout import SettingsFanout
from api.runtime.sign_in_throttle import SignInThrottle
from api.runtime.workflow_client import WorkflowClient
from base.http.connections import Connections
from base.settings import Settings
from store.attachments.checks import FileChecks
from store.attachments.object_store import FileStore
from store.db.database import Database


@dataclass(frozen=True, slots=True)
class AppDependencies:
    """Made when the application starts, closed when it ends."""

    settings: Settings
    database: Database
    workflow_client: WorkflowClient
    meta: MetaActions
    commands: ConversationCommands
    passwords: Passwords
    sign_in_throttle: SignInThrottle
    refusals: RefusalTrail
    call_limit: RateLimit
    reply_limit: RateLimit
    sender_action_limit: RateLimit
    public_page_limit: RateLimit
    hub: EventHub
    fanout: SettingsFanout
    long_reads: LongReads
    readiness: Readiness
    metrics: DeskMetrics
    files: FileStore
    file_checks: FileChecks
    proxies: ProxyWatch
    connections: Connections | None


async def _services(request: Request) -> AppDependencies:
    services: AppDependencies = request.app.state.services
    return services


ServicesDep = Annotated[AppDependencies, Depends(_services)]
