"""Who calls: access tokens, their validity, the proof by app secret, permissions and Page tasks."""

import hmac
from typing import TYPE_CHECKING

from sandbox.graph_call import Call, appsecret_proof
from sandbox.graph_errors import GraphError
from sandbox.model import Page

if TYPE_CHECKING:
    from sandbox.world import World


def identify(world: "World", call: Call) -> None:
    """Find the app and the grant behind a call's token, if there are any, and judge its proof."""
    if call.token is None:
        return
    call.grant = world.tokens.get(call.token)
    if call.grant is not None:
        call.app = world.apps.get(call.grant.app_id)
    else:
        app_id, _, secret = call.token.partition("|")
        app = world.apps.get(app_id)
        if app is not None and hmac.compare_digest(secret.encode(), app.app_secret.encode()):
            call.app = app
    given = call.text("appsecret_proof")
    if call.app is not None and given is not None:
        expected = appsecret_proof(call.app.app_secret, call.token)
        call.proof = "ok" if hmac.compare_digest(given.encode(), expected.encode()) else "wrong"


def authenticate(world: "World", call: Call) -> None:
    """The first check: a living token, with its proof where the app requires one. Raises `GraphError`."""
    if call.token is None:
        raise GraphError("no_token")
    if call.app is None:
        raise GraphError("bad_token")
    if call.grant is not None:
        dead = dead_subcode(world, call.token)
        if dead is not None:
            raise GraphError("expired_token" if dead == EXPIRED else "dead_token", code=190, subcode=dead)
    if call.proof == "wrong":
        raise GraphError("proof_wrong")
    if call.proof == "missing" and call.grant is not None and call.app.require_proof:
        raise GraphError("proof_missing")


EXPIRED = 463


def dead_subcode(world: "World", token: str) -> int | None:
    """The subcode with which code 190 refuses this known token now; None while it lives."""
    grant = world.tokens[token]
    if grant.invalid_subcode is not None:
        return grant.invalid_subcode
    now_s = world.clock.now_ms() / 1000
    ends = (grant.expires_at, grant.data_access_expires_at)
    return EXPIRED if any(end and now_s >= end for end in ends) else None


def require_app(call: Call, app_id: str) -> None:
    """The call must carry the app access token of this app."""
    if call.grant is not None or call.app is None or call.app.app_id != app_id:
        raise GraphError("no_permission", "An app access token of this app is needed")


def require_page(world: "World", call: Call) -> Page:
    """The Page named in the path, which must be the one whose token is used."""
    if call.page_id is None or call.node not in {"me", call.page_id}:
        raise GraphError("no_object")
    return world.pages[call.page_id]


def require_permissions(call: Call, *permissions: str) -> None:
    """The token must have been granted all of these."""
    if call.grant is None:
        raise GraphError("no_permission", "A Page access token is needed")
    missing = [name for name in permissions if name not in call.grant.permissions]
    if missing:
        raise GraphError("no_permission", f"Requires {', '.join(missing)}")


def require_task(call: Call, task: str) -> None:
    """The person behind the token must have this task on the Page."""
    if call.grant is None or task not in call.grant.tasks:
        raise GraphError("no_task", f"Requires the task {task} on the Page")
