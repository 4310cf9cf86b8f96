"""Tokens and what they open: `/debug_token`, `/me/accounts`, `/oauth/access_token`.

Source: docs/reference/messenger-pages-and-threads.md.
"""

import hmac
from typing import TYPE_CHECKING, Any

from sandbox.graph_auth import dead_subcode, require_permissions
from sandbox.graph_call import Call, Reply, reply
from sandbox.graph_errors import GraphError, bad_parameter
from sandbox.model import Token

if TYPE_CHECKING:
    from sandbox.world import World

LONG_LIVED_SECONDS = 5_183_944


async def debug_token(world: "World", call: Call) -> Reply:
    """`GET /debug_token?input_token=…` with the app's own token, or with one that the app issued."""
    asked = call.text("input_token")
    if asked is None:
        raise bad_parameter("The parameter input_token is required")
    grant = world.tokens.get(asked)
    if grant is None:
        error = {"code": 190, "message": "Invalid OAuth access token."}
        return reply({"data": {"error": error, "is_valid": False, "scopes": []}})
    if call.app is None or call.app.app_id != grant.app_id:
        raise bad_parameter("The access token does not belong to this application")
    data: dict[str, Any] = {
        "app_id": grant.app_id,
        "type": "PAGE" if grant.page_id else "USER",
        "application": call.app.name,
        "data_access_expires_at": grant.data_access_expires_at,
        "expires_at": grant.expires_at,
        "is_valid": True,
        "issued_at": grant.issued_at,
        "scopes": grant.permissions,
        "granular_scopes": [
            {"scope": scope, "target_ids": [grant.page_id] if grant.page_id else grant.pages}
            for scope in grant.permissions
        ],
        "user_id": grant.user_id,
    }
    if grant.page_id is not None:
        data["profile_id"] = grant.page_id
    dead = dead_subcode(world, asked)
    if dead is not None:
        data["is_valid"] = False
        data["error"] = {"code": 190, "message": "The token is no longer valid.", "subcode": dead}
    return reply({"data": data})


async def accounts(world: "World", call: Call) -> Reply:
    """`GET /me/accounts` with a user token: the Pages of this person, each with its Page token."""
    require_permissions(call, "pages_show_list")
    if call.grant is None or call.grant.page_id is not None or call.node not in {"me", call.grant.user_id}:
        raise GraphError("no_object")
    data = []
    for page_id in call.grant.pages:
        page = world.pages[page_id]
        token = _page_token(world, call.grant, page_id)
        data.append(
            {
                "access_token": token.token,
                "category": page.category,
                "name": page.name,
                "id": page_id,
                "tasks": token.tasks,
            }
        )
    return reply({"data": data, "paging": {}})


def _page_token(world: "World", user: Token, page_id: str) -> Token:
    """The newest living Page token of this app, or a fresh one with the person's permissions and tasks."""
    own = [
        token
        for token in world.tokens.values()
        if (token.app_id, token.page_id) == (user.app_id, page_id)
        and dead_subcode(world, token.token) is None
    ]
    if own:
        return own[-1]
    token = Token(
        token=f"EAAPAGE{world.ids.number()}{world.ids.number()}",
        app_id=user.app_id,
        page_id=page_id,
        user_id=user.user_id,
        permissions=user.permissions,
        tasks=user.tasks,
        issued_at=world.clock.now_ms() // 1000,
    )
    world.save(token)
    return token


async def exchange_token(world: "World", call: Call) -> Reply:
    """`GET /oauth/access_token?grant_type=fb_exchange_token`: a user token of 60 days for a living one."""
    app = world.apps.get(call.text("client_id") or "")
    secret = call.text("client_secret") or ""
    if app is None or not hmac.compare_digest(secret.encode(), app.app_secret.encode()):
        raise bad_parameter("client_id and client_secret do not match")
    old = world.tokens.get(call.text("fb_exchange_token") or "")
    if call.text("grant_type") != "fb_exchange_token" or old is None or old.app_id != app.app_id:
        raise bad_parameter("fb_exchange_token must be a token of this app")
    if (dead := dead_subcode(world, old.token)) is not None:
        raise GraphError("dead_token", code=190, subcode=dead)
    now = world.clock.now_ms() // 1000
    fresh = Token(
        token=f"EAALONG{world.ids.number()}{world.ids.number()}",
        app_id=app.app_id,
        page_id=old.page_id,
        pages=old.pages,
        user_id=old.user_id,
        permissions=old.permissions,
        tasks=old.tasks,
        issued_at=now,
        expires_at=now + LONG_LIVED_SECONDS,
    )
    world.save(fresh)
    return reply({"access_token": fresh.token, "token_type": "bearer", "expires_in": LONG_LIVED_SECONDS})
