"""From a token, in the header or in the cookie, to who is calling.

Asked on every call, so that a revoked key fails on the next.
"""

import hashlib
import hmac
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends
from sqlmodel import Session
from starlette.requests import Request

from api.http.problems import Problem
from api.security import cookies
from api.security.refused_requests import Refused, RefusedRequests, source_of
from base import clock
from base.ids import id_from_key
from base.settings import Settings
from domain.access.roles import SEEING_ALL, SUPERVISORS_AND_ADMINS, Role
from store.access import credentials
from store.access.conversation_viewers import queues_of_agents
from store.access.visibility import Reader
from store.db.database import Database, ReadLane

MAX_TOKEN_LENGTH = 512
BOOTSTRAP_ADMIN_ID = id_from_key("agent", "bootstrap admin")

_CHALLENGE = {"WWW-Authenticate": "Bearer"}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling. `digest` is of the token that was used; `sign_in_id` is set when it was a sign-in's."""

    agent_id: str
    name: str
    role: Role
    digest: str
    sign_in_id: str | None = None

    @property
    def supervises(self) -> bool:
        """Whether conversations of others may be acted on."""
        return self.role in SUPERVISORS_AND_ADMINS

    @property
    def reader(self) -> Reader:
        """Whose conversations are read."""
        return Reader(self.agent_id, self.role in SEEING_ALL, clock.now())


@dataclass(frozen=True, slots=True)
class Rights:
    """What the holder of a token may see: by their role, and by the queues that they serve."""

    role: Role
    queue_ids: frozenset[str]


def digest_of(token: str) -> str:
    """What is stored of a token. Tokens are 256 random bits, so one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


async def authenticate(request: Request) -> Principal:
    """The caller of a request; a token comes in the Authorization header, or in a browser's cookie."""
    state = request.app.state
    database: Database = state.database
    refused: RefusedRequests = state.refused_requests
    token = _shown_token(request)
    if token is None:
        if "authorization" in request.headers:
            refused.note(Refused.TOKEN, source_of(request), reason="malformed")
        raise Problem("unauthenticated", headers=_CHALLENGE)
    digest = digest_of(token)
    principal = await principal_by_digest(database, state.settings, digest)
    if principal is None:
        reason, agent_id = await database.read(lambda s: credentials.why_refused(s, digest, *_now()))
        refused.note(Refused.TOKEN, source_of(request), reason=reason, agent_id=agent_id)
        raise Problem("unauthenticated", headers=_CHALLENGE)
    return principal


async def principal_by_digest(database: Database, settings: Settings, digest: str) -> Principal | None:
    """Whose live token has this digest; None when it is unknown, expired, revoked or its agent inactive."""
    admin_token = settings.admin_token
    if admin_token is not None and hmac.compare_digest(digest_of(admin_token.get_secret_value()), digest):
        found = await database.read(lambda s: credentials.active_agent(s, BOOTSTRAP_ADMIN_ID), ReadLane.FIRST)
    else:
        found = await database.read(lambda s: credentials.by_digest(s, digest, *_now()), ReadLane.FIRST)
    if found is None:
        return None
    return Principal(found.agent_id, found.name, Role(found.role), digest, found.sign_in_id)


def rights_by_digest(session: Session, settings: Settings, digests: Collection[str]) -> dict[str, Rights]:
    """The rights of those tokens, by their digests, that are live: `principal_by_digest` for many at once."""
    holders = credentials.live_holders(session, digests, clock.now(), clock.process_now())
    admin_token = settings.admin_token
    if admin_token is not None and (digest := digest_of(admin_token.get_secret_value())) in digests:
        admin = credentials.active_agent(session, BOOTSTRAP_ADMIN_ID)
        holders |= {digest: admin} if admin is not None else {}
    narrowed = {each.agent_id for each in holders.values() if Role(each.role) not in SEEING_ALL}
    queues = queues_of_agents(session, narrowed)
    return {
        digest: Rights(Role(each.role), queues.get(each.agent_id, frozenset()))
        for digest, each in holders.items()
    }


async def principal_of(request: Request) -> Principal:
    """The caller that the guard has found."""
    principal: Principal = request.state.principal
    return principal


Caller = Annotated[Principal, Depends(principal_of)]


def _now() -> tuple[datetime, datetime]:
    """The instant for keys, which is the desk's, and the one for sign-ins: a journey in time ends none."""
    return clock.now(), clock.process_now()


def _shown_token(request: Request) -> str | None:
    """A program's token or a browser's; with both, nobody knows who is meant."""
    cookie = cookies.read_token(request)
    if cookie is None:
        return _bearer_token(request)
    if "authorization" in request.headers:
        raise Problem("two_credentials")
    cookies.refuse_other_origins(request)
    return cookie if 0 < len(cookie) <= MAX_TOKEN_LENGTH and cookie.isascii() else None


def _bearer_token(request: Request) -> str | None:
    given = request.headers.getlist("authorization")
    scheme, _, token = (given[0] if len(given) == 1 else "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not 0 < len(token) <= MAX_TOKEN_LENGTH or not token.isascii():
        return None
    return token
