"""Reading a Page or a person (`GET /{id}?fields=…`), and the Page's messenger_profile.

Source: docs/reference/messenger-pages-and-threads.md.
"""

from typing import TYPE_CHECKING, Any

from sandbox.graph_auth import require_page, require_permissions
from sandbox.graph_call import Call, Reply, reply
from sandbox.graph_errors import GraphError, bad_parameter
from sandbox.graph_fields import choose, name_list, parse
from sandbox.model import Customer

if TYPE_CHECKING:
    from sandbox.world import World

PROFILE_FIELDS = "first_name,last_name,profile_pic"
# field → the permission that shows it
GUARDED = {"locale": "pages_user_locale", "timezone": "pages_user_timezone", "gender": "pages_user_gender"}
PROPERTIES = frozenset(
    {
        "get_started",
        "greeting",
        "ice_breakers",
        "persistent_menu",
        "whitelisted_domains",
        "account_linking_url",
        "commands",
    }
)


async def read_node(world: "World", call: Call) -> Reply:
    """`GET /me`, `GET /{page}`, `GET /{psid}`."""
    if call.grant is None or call.page_id is None:
        if call.grant is not None and call.node in {"me", call.grant.user_id}:
            return reply({"id": call.grant.user_id, "name": "Page Admin"})
        raise GraphError("no_object")
    if call.node in {"me", call.page_id}:
        page = world.pages[call.page_id]
        record = {"id": page.page_id, "name": page.name, "category": page.category}
        return reply(choose(record, parse(call.text("fields") or "name")))
    customer = world.customers.get((call.page_id, call.node))
    if customer is None or customer.unreachable == "deleted" or customer.hidden_profile:
        raise GraphError("no_object")
    return _person(world, call, customer)


def _person(world: "World", call: Call, customer: Customer) -> Reply:
    """A person's profile, once they have said something to the Page."""
    fields = parse(call.text("fields") or PROFILE_FIELDS)
    if customer.phone_account:
        raise GraphError("no_profile")
    if call.app is None or not call.app.profile_access:
        raise GraphError("no_profile_fields")
    for name in fields:
        if name in GUARDED and call.grant is not None and GUARDED[name] not in call.grant.permissions:
            raise GraphError("no_profile_fields", f"{name} requires {GUARDED[name]}")
    thread = world.threads.get((customer.page_id, customer.psid))
    if thread is None or not thread.window.opened_by:
        raise GraphError("no_object", "No consent: the person has not written to the Page yet")
    first, _, last = customer.name.partition(" ")
    record: dict[str, Any] = {
        "id": customer.psid,
        "name": customer.name,
        "first_name": first,
        "last_name": last,
        "profile_pic": f"{call.base_url}/_sandbox/media/profile-{customer.psid}.png",
        "locale": customer.locale,
        "timezone": customer.timezone,
        "gender": customer.gender,
    }
    return reply(choose(record, fields))


async def read_messenger_profile(world: "World", call: Call) -> Reply:
    """`GET /{page}/messenger_profile?fields=…`."""
    page = require_page(world, call)
    require_permissions(call, "pages_messaging")
    asked = _properties(name_list(call, "fields"))
    shown = {name: page.messenger_profile[name] for name in asked if name in page.messenger_profile}
    return reply({"data": [shown] if shown else []})


async def set_messenger_profile(world: "World", call: Call) -> Reply:
    """`POST /{page}/messenger_profile`: sets the given properties, leaves the others."""
    page = require_page(world, call)
    require_permissions(call, "pages_messaging")
    given = {name: call.json(name) for name in PROPERTIES if name in call.params}
    if not given:
        raise bad_parameter("Requires one of the properties: " + ", ".join(sorted(PROPERTIES)))
    page.messenger_profile.update(given)
    world.save(page)
    return reply({"result": "success"})


async def delete_messenger_profile(world: "World", call: Call) -> Reply:
    """`DELETE /{page}/messenger_profile {fields: […]}`."""
    page = require_page(world, call)
    require_permissions(call, "pages_messaging")
    for name in _properties(name_list(call, "fields")):
        page.messenger_profile.pop(name, None)
    world.save(page)
    return reply({"result": "success"})


def _properties(names: list[str]) -> list[str]:
    if unknown := [name for name in names if name not in PROPERTIES]:
        raise bad_parameter(f"Unknown messenger_profile properties: {unknown}")
    return names
