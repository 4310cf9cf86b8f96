"""Signing in and out: a person's email and password for a token that lasts an hour."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Response
from pydantic import BaseModel, Field, SecretStr
from sqlmodel import Session
from starlette.requests import Request

from api.access.passwords import PasswordsDep
from api.access.sign_in_throttle import SignInThrottleDep
from api.http.dependencies import DatabaseDep
from api.http.fields import STORABLE, Input
from api.http.problem_docs import problems
from api.http.problems import Problem
from api.security.audit import record, record_as
from api.security.auth import Caller, digest_of
from api.security.guarded_route import api_router
from api.security.refused_requests import Refused, RefusedRequestsDep, source_of
from base import clock
from base.ids import new_secret
from domain.events.kinds import FactKind
from store.access import credentials

LIFETIME = timedelta(hours=1)

router = api_router("sign-in")


class Credentials(Input):
    """Who signs in."""

    email: Annotated[str, Field(min_length=1, max_length=254), STORABLE]
    password: Annotated[SecretStr, Field(min_length=1, max_length=200)]
    device_token: Annotated[
        SecretStr | None,
        Field(
            max_length=200,
            description="As the last sign-in on this device answered: tries elsewhere close nothing here.",
        ),
    ] = None


class SignInView(BaseModel):
    """A sign-in. `token` goes into the Authorization header and is shown this once.

    `device_token` opens nothing. Keep it on the device and send it with the next sign-in.
    """

    token: str
    token_type: str = "Bearer"  # noqa: S105 - the scheme's name
    expires_at: datetime
    agent_id: str
    device_token: str


@router.post(
    "/v1/sign-in",
    status_code=201,
    responses=problems("invalid_credentials", "too_many_attempts", "too_many_requests"),
)
async def sign_in(
    request: Request,
    database: DatabaseDep,
    *,
    passwords: PasswordsDep,
    throttle: SignInThrottleDep,
    refused: RefusedRequestsDep,
    body: Credentials,
) -> SignInView:
    """Sign in. Wrong tries are counted for the account, for where they come from, and for known devices."""
    email, source = body.email.strip().lower(), source_of(request)
    try:
        device_token = body.device_token.get_secret_value() if body.device_token else None
        tried = await throttle.begin(request, email, device_token)
    except Problem:
        refused.note(Refused.SIGN_IN, source, reason="throttled")
        raise
    agent = await database.read(lambda s: credentials.agent_by_email(s, email))
    stored = agent.password_hash if agent is not None and agent.active else None
    right = await passwords.matches(stored, body.password.get_secret_value())
    if agent is None or not right:
        reason = "unknown_address" if agent is None else "wrong_password" if agent.active else "inactive"
        refused.note(Refused.SIGN_IN, source, agent_id=agent.id if agent is not None else None, reason=reason)
        raise Problem("invalid_credentials")
    new_device_token = await throttle.record_success(tried)
    token, now = new_secret(credentials.SIGN_IN_PREFIX), clock.process_now()

    def begin(session: Session) -> None:
        sign_in_id = credentials.begin_sign_in(session, agent.id, digest_of(token), now, now + LIFETIME)
        session.flush()
        record_as(session, agent.id, FactKind.SIGN_IN_CREATED, sign_in_id=sign_in_id, source=source)

    await database.write(begin)
    return SignInView(
        token=token, expires_at=now + LIFETIME, agent_id=agent.id, device_token=new_device_token
    )


@router.post("/v1/sign-out", status_code=204)
async def sign_out(database: DatabaseDep, caller: Caller) -> Response:
    """End this sign-in. With an API key it does nothing: keys are revoked."""
    if (sign_in_id := caller.sign_in_id) is not None:

        def end(session: Session) -> None:
            credentials.end_sign_in(session, sign_in_id, clock.process_now())
            record(session, caller, FactKind.SIGN_IN_REVOKED, sign_in_id=sign_in_id)

        await database.write(end)
    return Response(status_code=204)
