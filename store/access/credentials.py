"""API keys and sign-ins: whose token is this?"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, update
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from base.ids import new_id
from store.db.refusals import not_found
from store.tables import Agent, ApiKey, SignIn

KEY_PREFIX = "pdk"
SIGN_IN_PREFIX = "pds"
SHOWN_PREFIX_LENGTH = 12

# Asked at every request, so built once, and columns, not rows of the unit of work.
_HOLDER = (col(Agent.id), col(Agent.name), col(Agent.role))
_LIVE_KEY = (
    col(ApiKey.revoked_at).is_(None),
    or_(col(ApiKey.expires_at).is_(None), col(ApiKey.expires_at) > bindparam("now")),
    col(Agent.active),
)
_LIVE_SIGN_IN = (
    col(SignIn.revoked_at).is_(None),
    col(SignIn.expires_at) > bindparam("process_now"),
    col(Agent.active),
)
_KEY_HOLDER = (
    sql_select(*_HOLDER)
    .join(ApiKey, col(ApiKey.agent_id) == col(Agent.id))
    .where(col(ApiKey.digest) == bindparam("digest"), *_LIVE_KEY)
)
_SIGNED_IN = (
    sql_select(*_HOLDER, col(SignIn.id))
    .join(SignIn, col(SignIn.agent_id) == col(Agent.id))
    .where(col(SignIn.digest) == bindparam("digest"), *_LIVE_SIGN_IN)
)
_KEY_HOLDERS = (
    sql_select(col(ApiKey.digest), *_HOLDER)
    .join(Agent, col(ApiKey.agent_id) == col(Agent.id))
    .where(col(ApiKey.digest).in_(bindparam("digests", expanding=True)), *_LIVE_KEY)
)
_SIGN_IN_HOLDERS = (
    sql_select(col(SignIn.digest), *_HOLDER, col(SignIn.id))
    .join(Agent, col(SignIn.agent_id) == col(Agent.id))
    .where(col(SignIn.digest).in_(bindparam("digests", expanding=True)), *_LIVE_SIGN_IN)
)


@dataclass(frozen=True, slots=True)
class SignInTerms:
    """How long a sign-in lives without a sign of its person, and how long at all."""

    idle: timedelta
    whole: timedelta


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """The active agent behind a live token."""

    agent_id: str
    name: str
    role: str
    sign_in_id: str | None = None


def active_agent(session: Session, agent_id: str) -> TokenHolder | None:
    """The agent, if there is one and it is active."""
    agent = session.get(Agent, agent_id)
    return TokenHolder(agent.id, agent.name, agent.role) if agent is not None and agent.active else None


def by_digest(session: Session, digest: str, now: datetime, process_now: datetime) -> TokenHolder | None:
    """Who holds the live API key or sign-in with this digest. Sign-ins live by the process clock."""
    connection = session.connection()
    key = connection.execute(_KEY_HOLDER, {"digest": digest, "now": now}).first()
    if key is not None:
        return TokenHolder(*key)
    sign_in = connection.execute(_SIGNED_IN, {"digest": digest, "process_now": process_now}).first()
    return TokenHolder(*sign_in) if sign_in is not None else None


def live_holders(
    session: Session, digests: Collection[str], now: datetime, process_now: datetime
) -> dict[str, TokenHolder]:
    """The holders of those among many tokens, by their digests, that are live."""
    connection, wanted = session.connection(), list(digests)
    keys = connection.execute(_KEY_HOLDERS, {"digests": wanted, "now": now}).all()
    sign_ins = connection.execute(_SIGN_IN_HOLDERS, {"digests": wanted, "process_now": process_now}).all()
    return {digest: TokenHolder(*holder) for digest, *holder in (*keys, *sign_ins)}


def why_refused(
    session: Session, digest: str, now: datetime, process_now: datetime
) -> tuple[str, str | None]:
    """Why a digest lets nobody in, and whose it was: `revoked`, `expired`, `inactive`, or `unknown`."""
    key = session.exec(select(ApiKey).where(ApiKey.digest == digest)).first()
    held = key or session.exec(select(SignIn).where(SignIn.digest == digest)).first()
    if held is None:
        return "unknown", None
    if held.revoked_at is not None:
        return "revoked", held.agent_id
    over_at = now if isinstance(held, ApiKey) else process_now
    is_over = held.expires_at is not None and held.expires_at <= over_at
    return "expired" if is_over else "inactive", held.agent_id


def agent_by_email(session: Session, email: str) -> Agent | None:
    """The agent with this address, active or not."""
    return session.exec(select(Agent).where(Agent.email == email)).first()


def begin_sign_in(
    session: Session, agent_id: str, digest: str, *, now: datetime, terms: SignInTerms, user_agent: str | None
) -> SignIn:
    """Keep a new sign-in."""
    row = SignIn(
        id=new_id(),
        agent_id=agent_id,
        digest=digest,
        created_at=now,
        expires_at=now + min(terms.idle, terms.whole),
        ends_at=now + terms.whole,
        user_agent=user_agent,
    )
    session.add(row)
    session.flush()
    return row


def get_sign_in(session: Session, sign_in_id: str) -> SignIn:
    """A sign-in that a caller has shown."""
    return session.get_one(SignIn, sign_in_id)


def extend_sign_in(session: Session, sign_in_id: str, now: datetime, idle: timedelta) -> SignIn:
    """Let a sign-in live on, for so long from now and never beyond its end."""
    row = session.get_one(SignIn, sign_in_id)
    row.expires_at = max(row.expires_at, min(now + idle, row.ends_at))
    return row


def live_sign_ins(session: Session, agent_id: str, now: datetime) -> list[SignIn]:
    """An agent's sign-ins that live, newest first."""
    return list(
        session.exec(
            select(SignIn)
            .where(SignIn.agent_id == agent_id, col(SignIn.revoked_at).is_(None), SignIn.expires_at > now)
            .order_by(col(SignIn.created_at).desc(), col(SignIn.id))
        )
    )


def refuse_others_sign_in(session: Session, agent_id: str, sign_in_id: str) -> None:
    """Refuse as `not_found` a sign-in that is not there, and alike one of somebody else."""
    row = session.get(SignIn, sign_in_id)
    if row is None or row.agent_id != agent_id:
        raise not_found("sign-in", sign_in_id)


def end_sign_in(session: Session, sign_in_id: str, now: datetime) -> None:
    """Revoke one sign-in."""
    session.connection().execute(
        update(SignIn)
        .where(col(SignIn.id) == sign_in_id, col(SignIn.revoked_at).is_(None))
        .values(revoked_at=now)
    )


def end_all_sign_ins(session: Session, agent_id: str, now: datetime, *, but: str | None = None) -> None:
    """Revoke all of an agent's sign-ins, if need be but for one."""
    theirs = update(SignIn).where(col(SignIn.agent_id) == agent_id, col(SignIn.revoked_at).is_(None))
    if but is not None:
        theirs = theirs.where(col(SignIn.id) != but)
    session.connection().execute(theirs.values(revoked_at=now))


def add_key(
    session: Session,
    agent_id: str,
    *,
    name: str,
    key: str,
    digest: str,
    now: datetime,
    expires_at: datetime | None = None,
) -> ApiKey:
    """Keep a new API key: its digest and the first characters."""
    if session.get(Agent, agent_id) is None:
        raise not_found("agent", agent_id)
    row = ApiKey(
        id=new_id(),
        agent_id=agent_id,
        name=name,
        prefix=key[:SHOWN_PREFIX_LENGTH],
        digest=digest,
        created_at=now,
        expires_at=expires_at,
    )
    session.add(row)
    return row


def keys_of(session: Session, agent_id: str) -> list[ApiKey]:
    """All keys of an agent, revoked ones too, oldest first."""
    if session.get(Agent, agent_id) is None:
        raise not_found("agent", agent_id)
    return list(
        session.exec(
            select(ApiKey).where(ApiKey.agent_id == agent_id).order_by(col(ApiKey.created_at), col(ApiKey.id))
        )
    )


def holders_of_live_keys(session: Session, now: datetime) -> set[str]:
    """The active agents who have an API key that opens something."""
    live = (
        sql_select(col(ApiKey.agent_id)).join(Agent, col(Agent.id) == col(ApiKey.agent_id)).where(*_LIVE_KEY)
    )
    return set(session.connection().execute(live, {"now": now}).scalars())


def revoke_key(session: Session, agent_id: str, key_id: str, now: datetime) -> None:
    """Revoke a key; it fails from the next call on."""
    key = session.get(ApiKey, key_id)
    if key is None or key.agent_id != agent_id:
        raise not_found("key", key_id)
    key.revoked_at = key.revoked_at or now
