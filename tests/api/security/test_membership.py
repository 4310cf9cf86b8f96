"""Who sees what, by route, role and what they have to do with it: a matrix over the OpenAPI document.

Every operation that names a conversation, customer, message, file, survey or queue, in its path, its query or
its body, has an entry below. It is called by every role: as a member of the queue, as none, as the
conversation's agent, and as its former agent. What is not seen is answered as what does not exist.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlmodel import Session, col

from api.app import PERMISSIONS, create_app
from api.services.workflow_client import CommandRefusedError
from base.ids import new_id
from base.settings import Settings
from domain.access.roles import Role
from domain.conversations.changes import Refusal
from domain.conversations.lifecycle import Status
from domain.routing.demand import DEFAULT_QUEUE_ID
from store import tables
from store.access.visibility import SUBJECTS
from store.db.sql import delete_rows
from support.api import NOW, Api, Seed
from support.store import rows

RELATIONS = ("member", "not_member", "own", "former")
UNSEEN = "not_member"

SEEN: dict[str, int] = {
    "get_conversation": 200,
    "list_messages": 200,
    "get_message": 200,
    "get_end_preview": 200,
    "get_timeline": 200,
    "get_routing": 200,
    "get_context": 200,
    "list_conversation_quick_replies": 200,
    "set_read_position": 422,
    "set_context": 422,
    "change_context": 422,
    "reply": 422,
    "show_typing": 204,
    "show_seen": 204,
    "take_thread": 200,
    "pass_thread": 200,
    "release_thread": 200,
    "request_thread": 200,
    "pick": 200,
    "accept": 200,
    "decline": 200,
    "assign": 422,
    "transfer": 422,
    "close_session": 200,
    "reopen": 200,
    "end": 200,
    "complete": 200,
    "release": 200,
    "force_close": 200,
    "consult": 422,
    "join": 200,
    "monitor": 200,
    "leave": 200,
    "remove_participant": 422,
    "resend_message": 422,
    "send_held_message": 200,
    "cancel_message": 200,
    "get_contact": 200,
    "change_contact": 422,
    "merge_contacts": 422,
    "get_customer_summary": 200,
    "link_customer": 422,
    "unlink_customer": 200,
    "delete_contact": 204,
    "list_notes": 200,
    "list_thread_notes": 200,
    "create_note": 422,
    "get_note": 200,
    "change_note": 422,
    "delete_note": 204,
    "get_customer": 200,
    "get_preferred_agents": 200,
    "set_preferred_agents": 422,
    "list_thread_messages": 200,
    "get_attachment": 409,
    "get_survey": 200,
    "erase_customer": 202,
}
"""Routes whose path names something of a conversation, with the answer to who may call them and sees it."""

OTHERWISE = {("delete_note", "agent"): 409}
"""The answers to a role that are not those of SEEN."""

QUEUES: dict[str, tuple[int, int, int]] = {
    "get_queue": (200, 404, 200),
    "change_queue": (200, 200, 200),
    "delete_queue": (409, 409, 409),
    "list_queue_members": (200, 200, 200),
    "add_queue_member": (404, 404, 404),
    "remove_queue_member": (404, 404, 404),
    "pull_next": (409, 409, 409),
    "get_queue_state": (200, 404, 200),
}
"""Routes whose path names a queue, with the answers to a member, to an agent who is none, and to the others.

Agents read the queues that they serve; supervisors and administrators read all. The queue is the default
queue, which nobody deletes; `pull_next` tells members that they are away, and others that they are none.
"""

SHOWN_IN = {
    "list_conversations": "conversation_id",
    "list_outbound_messages": "message_id",
    "list_customers": "customer_id",
    "list_surveys": "survey_id",
    "list_contacts": "contact_id",
}
"""Lists, and what of the conversation they show to who sees it."""

TESTED_APART = {
    "start_conversation": "test_a_conversation_is_started_with_a_customer_who_is_seen",
    "act_on_conversations": "tests/api/conversations/test_bulk_actions.py",
    "stream_events": "tests/api/events/test_membership.py",
    "count_conversations": "test_each_list_shows_what_is_seen_and_counts_nothing_else",
    "summarize_surveys": "test_each_list_shows_what_is_seen_and_counts_nothing_else",
    "create_contact": "a new contact is of no customer yet",
    "search": "tests/api/search/test_search.py",
    "upload_attachment": "a new file is of no conversation yet",
    "create_queue": "its body names queues; administrators, who see all of them, call it",
    "create_rule_set": "as create_queue",
    "change_rule_set": "as create_queue",
    "dry_run_routing": "the conversation's id is a number to share out by; nothing of it is read",
}
AREAS = ("contacts", "conversations", "messages", "customers", "attachments", "surveys", "events")
"""First parts of the paths of operations that show what is of conversations without naming one."""


@dataclass
class Desk:
    """A conversation with a message, a file and a survey."""

    ids: dict[str, str]


def routes() -> list[APIRoute]:
    return [route for route in create_app(Settings()).routes if isinstance(route, APIRoute)]


def parameters(route: APIRoute) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", route.path))


NAMES = {*SUBJECTS, "queue_id"}
"""What an operation calls what it is about; `…_ids` where it takes several."""


def named_in(schema: Any, schemas: dict[str, Any], known: frozenset[str] = frozenset()) -> set[str]:
    """The members of a body, at any depth, that name something of NAMES."""
    if isinstance(schema, list):
        return {name for each in schema for name in named_in(each, schemas, known)}
    if not isinstance(schema, dict):
        return set()
    found = {name for name in schema.get("properties", {}) if name.removesuffix("s") in NAMES}
    if (reference := schema.get("$ref")) is not None:
        model = reference.rpartition("/")[2]
        if model not in known:
            found |= named_in(schemas[model], schemas, known | {model})
    for part in schema.values():
        found |= named_in(part, schemas, known)
    return found


def named_by(operation: dict[str, Any], schemas: dict[str, Any]) -> dict[str, set[str]]:
    """What an operation names, by where: `path`, `query` and `body`."""
    found: dict[str, set[str]] = {"path": set(), "query": set()}
    for each in operation.get("parameters", ()):
        if each["name"].removesuffix("s") in NAMES:
            found[each["in"]].add(each["name"])
    return found | {"body": named_in(operation.get("requestBody", {}), schemas)}


def test_every_operation_that_names_something_of_a_conversation_or_a_queue_has_an_entry() -> None:
    """A new operation needs one: by what its path names in SEEN or QUEUES, else in another table."""
    document = create_app(Settings()).openapi()
    seen, queues, others = set(), set(), set()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            name, named = operation["operationId"], named_by(operation, document["components"]["schemas"])
            if named["path"] & SUBJECTS.keys():
                seen.add(name)
            elif "queue_id" in named["path"]:
                queues.add(name)
            elif named["query"] or named["body"] or path.removeprefix("/v1/").partition("/")[0] in AREAS:
                others.add(name)
    assert seen == SEEN.keys()
    assert queues == QUEUES.keys()
    assert others == SHOWN_IN.keys() | TESTED_APART.keys()


def test_an_operation_names_what_its_path_its_query_and_its_body_name() -> None:
    """What the test above looks with: it must find names that are deep in a body, too."""
    schemas = {"Part": {"properties": {"message_ids": {}, "next": {"$ref": "#/components/schemas/Part"}}}}
    body = {"anyOf": [{"type": "null"}, {"items": {"$ref": "#/components/schemas/Part"}}]}
    operation = {
        "parameters": [{"name": "queue_id", "in": "query"}, {"name": "limit", "in": "query"}],
        "requestBody": {"content": {"application/json": {"schema": body}}},
    }
    expected = {"path": set(), "query": {"queue_id"}, "body": {"message_ids"}}
    assert named_by(operation, schemas) == expected


@pytest.fixture
async def desk(seed: Seed) -> Desk:
    thread = await seed.conversation(standard_until=NOW + timedelta(days=36500))
    message_id = await seed.message(
        thread, "Hello", direction="outbound", sender_kind="agent", status="held", agent_id="nobody"
    )
    attachment_id, survey_id, note_id, contact_id = (new_id() for _ in range(4))
    await seed.add(
        tables.Attachment(
            id=attachment_id,
            direction="inbound",
            message_id=message_id,
            page_id=thread.page_id,
            customer_id=thread.customer_id,
            kind="image",
            state="pending",
            created_at=NOW,
        ),
        tables.Survey(
            id=survey_id,
            page_id=thread.page_id,
            customer_id=thread.customer_id,
            conversation_id=thread.conversation_id,
            token=new_id(),
            question="csat",
            status="sent",
            ended_at=NOW,
            due_at=NOW,
        ),
        tables.Contact(id=contact_id, name="Ada", created_at=NOW, changed_at=NOW),
        tables.ContactLink(customer_id=thread.customer_id, contact_id=contact_id, at=NOW),
        tables.Note(
            id=note_id,
            page_id=thread.page_id,
            customer_id=thread.customer_id,
            conversation_id=thread.conversation_id,
            agent_id="nobody",
            text="Wants the blue one.",
            created_at=NOW,
        ),
    )
    ids = {
        "conversation_id": thread.conversation_id,
        "customer_id": thread.customer_id,
        "message_id": message_id,
        "attachment_id": attachment_id,
        "survey_id": survey_id,
        "note_id": note_id,
        "contact_id": contact_id,
    }
    return Desk(ids)


async def somebody(api: Api, desk: Desk, role: str, relation: str) -> httpx.AsyncClient:
    """An agent of this role who has this to do with the conversation."""
    agent_id, client = await api.somebody(role)
    conversation_id = desk.ids["conversation_id"]

    def relate(session: Session) -> None:
        if relation != "member":
            delete_rows(session, tables.QueueMember, col(tables.QueueMember.agent_id) == agent_id)
        if relation == "own":
            session.get_one(tables.Conversation, conversation_id).agent_id = agent_id
        if relation == "former":
            session.add(
                tables.AgentSession(
                    id=new_id(),
                    conversation_id=conversation_id,
                    number=1,
                    agent_id=agent_id,
                    started_at=NOW + timedelta(days=3650),
                    accepted_at=NOW + timedelta(days=3650),
                    closed_at=NOW,
                    closure_reason="released_by_agent",
                )
            )

    await api.database.write(relate)
    return client


async def call(client: httpx.AsyncClient, route: APIRoute, ids: dict[str, str]) -> httpx.Response:
    (method,) = route.methods or {""}
    body: dict[str, Any] | None = {} if method in ("POST", "PATCH", "PUT") else None
    return await client.request(method, route.path.format_map(ids), json=body)


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("role", [role.value for role in Role])
async def test_each_route_answers_by_role_and_membership(
    api: Api, desk: Desk, role: str, relation: str
) -> None:
    client = await somebody(api, desk, role, relation)
    sees = relation != UNSEEN or role in ("admin", "machine")
    by_name = {route.name: route for route in routes()}
    unknown = dict.fromkeys(desk.ids, "404")
    for name, code in SEEN.items():  # an erasure is the last, as it takes the rest away
        answer = await call(client, by_name[name], desk.ids)
        allowed = Role(role) in PERMISSIONS.roles(name)
        expected = 403 if not allowed else OTHERWISE.get((name, role), code) if sees else 404
        assert answer.status_code == expected, (name, role, relation, answer.text)
        if expected == 404:
            missing = await call(client, by_name[name], unknown)
            named = next(iter(parameters(by_name[name]) & SUBJECTS.keys()))
            assert answer.text.replace(desk.ids[named], "404") == missing.text, name


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("role", [role.value for role in Role])
async def test_each_list_shows_what_is_seen_and_counts_nothing_else(
    api: Api, desk: Desk, role: str, relation: str
) -> None:
    client = await somebody(api, desk, role, relation)
    sees = relation != UNSEEN or role in ("admin", "machine")
    by_name = {route.name: route for route in routes()}
    for name, subject in SHOWN_IN.items():
        if Role(role) not in PERMISSIONS.roles(name):
            continue
        answer = await client.get(by_name[name].path)
        shown = [item["id"] for item in answer.json()["items"]]
        assert shown == ([desk.ids[subject]] if sees else []), (name, role, relation)
    found = (await client.get("/v1/conversations", params={"q": "hello"})).json()["items"]
    assert len(found) == (1 if sees else 0)
    assert (await client.get("/v1/conversations/counts")).json()["open"] == (1 if sees else 0)
    if Role(role) in PERMISSIONS.roles("summarize_surveys"):
        summary = (await client.get("/v1/surveys/summary")).json()
        assert summary["outcomes"]["sent"] == (1 if sees else 0)


@pytest.mark.parametrize("member", [True, False])
@pytest.mark.parametrize("role", [role.value for role in Role])
async def test_each_route_of_a_queue_answers_by_role_and_membership(
    api: Api, role: str, *, member: bool
) -> None:
    agent_id, client = await api.somebody(role)

    def relate(session: Session) -> None:
        delete_rows(session, tables.QueueMember, col(tables.QueueMember.agent_id) == agent_id)
        session.flush()
        if member:
            row = tables.QueueMember(
                queue_id=DEFAULT_QUEUE_ID, agent_id=agent_id, freed_at=NOW, last_assigned_at=NOW
            )
            session.add(row)

    await api.database.write(relate)
    by_name = {route.name: route for route in routes()}
    for name, (to_member, to_agent, to_others) in QUEUES.items():
        answer = await call(client, by_name[name], {"queue_id": DEFAULT_QUEUE_ID, "agent_id": "404"})
        code = to_member if member else to_agent if role == "agent" else to_others
        expected = code if Role(role) in PERMISSIONS.roles(name) else 403
        assert answer.status_code == expected, (name, role, member, answer.text)
        if answer.status_code == 409 and name == "pull_next":
            assert answer.json()["code"] == ("agent_not_available" if member else "not_a_member")


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("role", [role.value for role in Role])
async def test_a_list_that_is_asked_for_something_by_its_id_shows_it_to_who_sees_it(
    api: Api, desk: Desk, role: str, relation: str
) -> None:
    """Every parameter of a list that names something, each by itself."""
    client = await somebody(api, desk, role, relation)
    sees = relation != UNSEEN or role in ("admin", "machine")
    document = create_app(Settings()).openapi()
    asked = 0
    for path, operations in document["paths"].items():
        name = operations.get("get", {}).get("operationId")
        if name not in SHOWN_IN or Role(role) not in PERMISSIONS.roles(name):
            continue
        for parameter in named_by(operations["get"], {})["query"] & desk.ids.keys():
            answer = await client.get(path, params={parameter: desk.ids[parameter]})
            shown = [item["id"] for item in answer.json()["items"]]
            assert shown == ([desk.ids[SHOWN_IN[name]]] if sees else []), (name, parameter, role, relation)
            asked += 1
    assert asked >= 2  # conversations and messages of a customer


@pytest.mark.parametrize(("relation", "code"), [("member", 409), ("not_member", 404)])
async def test_a_conversation_is_started_with_a_customer_who_is_seen(
    api: Api, desk: Desk, relation: str, code: int
) -> None:
    api.engine.answer = lambda _: CommandRefusedError(
        Refusal("conversation_exists", "There is one already.", Status.OPEN)
    )
    client = await somebody(api, desk, "agent", relation)
    body = {"customer_id": desk.ids["customer_id"]}
    answer = await client.post("/v1/conversations", json=body)
    assert answer.status_code == code
    if code == 404:
        unknown = await client.post("/v1/conversations", json={"customer_id": "404"})
        assert answer.text.replace(body["customer_id"], "404") == unknown.text


async def test_a_member_of_another_queue_sees_nothing_and_changes_hold_at_once(api: Api, desk: Desk) -> None:
    agent_id, client = await api.somebody("agent")
    path = f"/v1/conversations/{desk.ids['conversation_id']}"
    assert (await client.get(path)).status_code == 200

    def move(session: Session) -> None:
        session.add(tables.Queue(id="sales", name="Sales", created_at=NOW))
        session.flush()
        session.get_one(tables.Conversation, desk.ids["conversation_id"]).queue_id = "sales"

    await api.database.write(move)
    assert (await client.get(path)).status_code == 404

    def join(session: Session) -> None:
        row = tables.QueueMember(queue_id="sales", agent_id=agent_id, freed_at=NOW, last_assigned_at=NOW)
        session.add(row)

    await api.database.write(join)
    assert (await client.get(path)).status_code == 200


async def test_agents_and_supervisors_have_a_place_in_the_default_queue_by_their_role(api: Api) -> None:
    async def members() -> set[str]:
        return {row.agent_id for row in await rows(api.database, tables.QueueMember)}

    made = {role.value: (await api.somebody(role.value))[0] for role in Role}
    assert await members() == {made["agent"], made["supervisor"]}
    await api.admin.patch(f"/v1/agents/{made['agent']}", json={"role": "machine"})
    await api.admin.patch(f"/v1/agents/{made['machine']}", json={"role": "agent"})
    assert await members() == {made["machine"], made["supervisor"]}
