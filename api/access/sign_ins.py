"""Signing in and out: an email and a password for a token, which browsers keep in a cookie."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Self

from fastapi import Response
from pydantic import BaseModel, Field, SecretStr
from sqlmodel import Session
from starlette.requests import Request

from api.access.first_administrator import become_administrator
from api.access.passwords import Passwords, PasswordsDep
from api.access.sign_in_throttle import SignInThrottleDep
from api.access.views import AgentView
from api.http.dependencies import DatabaseDep, SettingsDep
from api.http.fields import Email, Flag, Input, PathId
from api.http.paging import CursorPage
from api.http.problem_docs import problems
from api.http.problems import Problem
from api.security import cookies
from api.security.audit import record, record_as
from api.security.auth import Caller, Principal, digest_of
from api.security.guarded_route import api_router
from api.security.refused_requests import Refused, RefusedRequestsDep, source_of
from base import clock
from base.ids import new_secret
from base.settings import Settings
from domain.events.kinds import FactKind
from store.access import agents, credentials, first_administrator
from store.access.credentials import SignInTerms
from store.db.database import Database
from store.routing.agent_states import RoutingWrites
from store.routing.transactions import with_routing_writes
from store.tables import Agent, SignIn

_MAX_USER_AGENT = 200

Note = Callable[..., None]
"""Puts a refused try on record."""

Admit = Callable[[Session, RoutingWrites], str]
"""Lets in who has proved who they are, in the transaction that begins the sign-in; the agent's id."""

router = api_router("sign-in")


class Credentials(Input):
    """Who signs in, and how."""

    email: Email
    password: Annotated[SecretStr, Field(min_length=1, max_length=200)]
    device_token: Annotated[
        SecretStr | None,
        Field(
            max_length=200,
            description="As the last sign-in on this device answered: tries elsewhere close nothing here.",
        ),
    ] = None
    cookie: Annotated[
        Flag,
        Field(
            description="For browsers: the token comes in a cookie that no script reads, not in the answer."
        ),
    ] = False
    code: Annotated[
        SecretStr | None,
        Field(
            min_length=1,
            max_length=200,
            description="As the first start has printed it, or `pagedesk sign-in-code`: makes its holder an "
            "administrator with this email and this new password, once.",
        ),
    ] = None


class SignInView(BaseModel):
    """A sign-in. `token` goes into the Authorization header and is shown this once; with a cookie it is null.

    `device_token` opens nothing. Keep it on the device and send it with the next sign-in.
    """

    token: str | None
    token_type: str = "Bearer"  # noqa: S105 - the scheme's name
    expires_at: datetime
    ends_at: datetime
    agent_id: str
    device_token: str


class OwnSignInView(BaseModel):
    """One of your own sign-ins. It is over at `expires_at`; extending moves that on, up to `ends_at`.

    `user_agent`: the browser or program, as it calls itself. `current`: this request shows it.
    """

    id: str
    created_at: datetime
    expires_at: datetime
    ends_at: datetime
    user_agent: str | None
    current: bool

    @classmethod
    def of(cls, row: SignIn, caller: Principal) -> Self:
        """The sign-in without what it opens."""
        shown = row.model_dump(exclude={"digest"})
        return cls.model_validate({**shown, "current": row.id == caller.sign_in_id})


class CurrentSignInView(OwnSignInView):
    """The sign-in that this request shows, and whose it is."""

    agent: AgentView

    @classmethod
    def of_agent(cls, row: SignIn, caller: Principal, agent: Agent) -> Self:
        """The sign-in with its agent."""
        shown = OwnSignInView.of(row, caller).model_dump()
        return cls.model_validate({**shown, "agent": AgentView.of(agent)})


@router.post(
    "/v1/sign-in",
    status_code=201,
    responses=problems(
        "invalid_credentials",
        "invalid_code",
        "weak_password",
        "https_required",
        "wrong_origin",
        "too_many_attempts",
        "too_many_requests",
    ),
)
async def sign_in(
    request: Request,
    response: Response,
    settings: SettingsDep,
    database: DatabaseDep,
    *,
    passwords: PasswordsDep,
    throttle: SignInThrottleDep,
    refused: RefusedRequestsDep,
    body: Credentials,
) -> SignInView:
    """Sign in. Wrong tries are counted for the account, for where they come from, and for known devices."""
    token, terms = new_secret(credentials.SIGN_IN_PREFIX), terms_of(settings)
    if body.cookie:
        cookies.refuse_other_origins(request)
        cookies.set_token(request, response, token, int(terms.whole.total_seconds()))
    source = source_of(request)
    note = partial(refused.note, Refused.SIGN_IN, source)
    try:
        device_token = body.device_token.get_secret_value() if body.device_token else None
        tried = await throttle.begin(request, body.email, device_token)
    except Problem:
        note(reason="throttled")
        raise
    prove = _prove_password if body.code is None else _prove_code
    admit = await prove(database, passwords, note, body)
    new_device_token = await throttle.record_success(tried)
    now, user_agent = clock.process_now(), _user_agent(request)

    def begin(session: Session, writes: RoutingWrites) -> SignInView:
        agent_id = admit(session, writes)
        row = credentials.begin_sign_in(
            session, agent_id, digest_of(token), now=now, terms=terms, user_agent=user_agent
        )
        record_as(session, agent_id, FactKind.SIGN_IN_CREATED, sign_in_id=row.id, source=source)
        return SignInView(
            token=None if body.cookie else token,
            expires_at=row.expires_at,
            ends_at=row.ends_at,
            agent_id=agent_id,
            device_token=new_device_token,
        )

    return await database.write(with_routing_writes(begin))


@router.get("/v1/sign-in", responses=problems("not_a_sign_in"))
async def get_sign_in(database: DatabaseDep, caller: Caller) -> CurrentSignInView:
    """The sign-in that you are here with, and who you are."""
    sign_in_id = _shown_by(caller)

    def load(session: Session) -> CurrentSignInView:
        row, agent = credentials.get_sign_in(session, sign_in_id), agents.get(session, caller.agent_id)
        return CurrentSignInView.of_agent(row, caller, agent)

    return await database.read(load)


@router.post("/v1/sign-in/extend", responses=problems("not_a_sign_in"))
async def extend_sign_in(settings: SettingsDep, database: DatabaseDep, caller: Caller) -> OwnSignInView:
    """Let this sign-in live on, because its person does something. No open stream does that."""
    sign_in_id, idle = _shown_by(caller), terms_of(settings).idle

    def extend(session: Session) -> OwnSignInView:
        row = credentials.extend_sign_in(session, sign_in_id, clock.process_now(), idle)
        return OwnSignInView.of(row, caller)

    return await database.write(extend)


@router.post("/v1/sign-out", status_code=204)
async def sign_out(request: Request, database: DatabaseDep, caller: Caller) -> Response:
    """End this sign-in, with its open streams. With an API key it does nothing: keys are revoked."""
    response = Response(status_code=204)
    if (sign_in_id := caller.sign_in_id) is not None:
        await database.write(lambda session: _end(session, caller, sign_in_id))
    if cookies.read_token(request) is not None:
        cookies.forget_token(request, response)
    return response


@router.get("/v1/sign-ins")
async def list_sign_ins(database: DatabaseDep, caller: Caller) -> CursorPage[OwnSignInView]:
    """Your own sign-ins that live, newest first."""

    def load(session: Session) -> list[OwnSignInView]:
        found = credentials.live_sign_ins(session, caller.agent_id, clock.process_now())
        return [OwnSignInView.of(row, caller) for row in found]

    return CursorPage(items=await database.read(load), next_cursor=None)


@router.delete("/v1/sign-ins", status_code=204)
async def end_other_sign_ins(database: DatabaseDep, caller: Caller) -> Response:
    """End all of your own sign-ins but the one that you are here with, with their open streams."""

    def end_others(session: Session) -> None:
        for row in credentials.live_sign_ins(session, caller.agent_id, clock.process_now()):
            if row.id != caller.sign_in_id:
                _end(session, caller, row.id)

    await database.write(end_others)
    return Response(status_code=204)


@router.delete("/v1/sign-ins/{sign_in_id}", status_code=204, responses=problems("not_found"))
async def end_sign_in(database: DatabaseDep, caller: Caller, sign_in_id: PathId) -> Response:
    """End one of your own sign-ins, with its open streams."""

    def end_one(session: Session) -> None:
        credentials.refuse_others_sign_in(session, caller.agent_id, sign_in_id)
        _end(session, caller, sign_in_id)

    await database.write(end_one)
    return Response(status_code=204)


def terms_of(settings: Settings) -> SignInTerms:
    """How long a sign-in lives, as set."""
    return SignInTerms(
        timedelta(minutes=settings.sign_in_idle_minutes), timedelta(hours=settings.sign_in_hours)
    )


def _end(session: Session, caller: Principal, sign_in_id: str) -> None:
    credentials.end_sign_in(session, sign_in_id, clock.process_now())
    record(session, caller, FactKind.SIGN_IN_REVOKED, sign_in_id=sign_in_id)


def _shown_by(caller: Principal) -> str:
    if caller.sign_in_id is None:
        raise Problem("not_a_sign_in")
    return caller.sign_in_id


async def _prove_password(database: Database, passwords: Passwords, note: Note, body: Credentials) -> Admit:
    """Whose email and password these are; refused as `invalid_credentials`."""
    agent = await database.read(lambda s: credentials.agent_by_email(s, body.email))
    stored = agent.password_hash if agent is not None and agent.active else None
    right = await passwords.matches(stored, body.password.get_secret_value())
    if agent is None or not right:
        reason = "unknown_address" if agent is None else "wrong_password" if agent.active else "inactive"
        note(agent_id=agent.id if agent is not None else None, reason=reason)
        raise Problem("invalid_credentials")
    agent_id = agent.id
    return lambda _session, _writes: agent_id


async def _prove_code(database: Database, passwords: Passwords, note: Note, body: Credentials) -> Admit:
    """Who holds the code; refused as `invalid_code`. It is used up with the sign-in, and not before."""
    digest, now = digest_of(body.code.get_secret_value() if body.code else ""), clock.process_now()
    if not await database.read(lambda s: first_administrator.is_live(s, digest, now)):
        note(reason="invalid_code")
        raise Problem("invalid_code")
    hashed = await passwords.hash_new(body.password.get_secret_value(), known=(body.email,))
    return lambda session, writes: become_administrator(session, writes, digest, body.email, hashed).id


def _user_agent(request: Request) -> str | None:
    given = request.headers.get("user-agent", "")
    return "".join(each for each in given if each.isprintable())[:_MAX_USER_AGENT] or None
