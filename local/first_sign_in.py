"""The code with which the first administrator signs in, or one who has lost every other way."""

import hashlib
from contextlib import closing

from api.console.releases import is_built
from base import clock
from base.ids import new_secret
from base.settings import Settings
from store.access import first_administrator
from store.db.database import Database


def make_code(settings: Settings) -> str:
    """A new code; the last one opens nothing any more."""
    code = new_secret(first_administrator.CODE_PREFIX)
    digest = hashlib.sha256(code.encode()).hexdigest()
    with closing(Database(settings.store_url)) as store:
        store.write_now(lambda session: first_administrator.keep_code(session, digest, clock.process_now()))
    return code


def make_code_if_needed(settings: Settings) -> str | None:
    """A new code where nobody can come in as administrator; else None, and a code that there is stays."""
    if settings.admin_token is not None:
        return None
    with closing(Database(settings.store_url)) as store:
        is_needed = store.read_now(lambda session: first_administrator.is_needed(session, clock.now(), None))
    return make_code(settings) if is_needed else None


def how_to_use(settings: Settings, code: str) -> str:
    """What a person reads with the code."""
    console = f"  {settings.local_url}/console/#code={code}\nor\n" if is_built() else ""
    return f"""Sign in as administrator, with an email and a password of your choice, within an hour, once:
{console}  curl -s {settings.local_url}/v1/sign-in -H "Content-Type: application/json" \\
       -d '{{"code": "{code}",
            "email": "you@example.com", "password": "…"}}'"""
