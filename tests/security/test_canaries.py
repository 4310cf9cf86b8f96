"""Canaries in a whole conversation: nothing secret and nothing personal leaves the store.

Customers' words, names and PSIDs belong in the databases and the API alone; secrets nowhere but sealed.
"""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from api.app import create_app
from base.ids import new_id
from support.canaries import files, found
from support.canary_desk import OF_ANOTHER, PAGE, PERSONAL, PSID, CanaryDesk, canary_desk
from support.eventually import eventually
from support.store import make_settings

pytestmark = [pytest.mark.dev_server, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(tmp_path_factory: pytest.TempPathFactory, dev_server: str) -> AsyncIterator[CanaryDesk]:
    """The product after the conversation."""
    async with canary_desk(make_settings(tmp_path_factory.mktemp("canaries")), dev_server) as talked:
        yield talked


async def test_histories_hold_no_words_names_psids_or_secrets(desk: CanaryDesk) -> None:
    kept = await desk.histories()
    assert found({"our own id": desk.conversation["id"]}, kept), "The scanner must see into payloads."
    planted = {"planted": kept[f"history of page/{PAGE}"] + PERSONAL["text"].encode()}
    assert found(PERSONAL, planted) == ["text in planted"]
    assert found(PERSONAL | OF_ANOTHER | desk.secrets | desk.links, kept) == []


async def test_every_workflow_is_known_by_our_ids_alone(desk: CanaryDesk) -> None:
    """Ids, types, task queues, memo and search attributes of everything in Temporal."""

    async def look() -> dict[str, bytes]:
        runs = desk.engine.list_workflows(page_size=1000)
        listed = {run.id: run.raw_info.SerializeToString() async for run in runs}
        return listed if f"page/{PAGE}" in listed else {}

    described = await eventually(look)
    assert found(PERSONAL | OF_ANOTHER | desk.secrets, described) == []


async def test_files_and_databases_hold_secrets_only_sealed(desk: CanaryDesk) -> None:
    written = files(desk.settings.data_dir, but=("ledger",))
    databases = {name: content for name, content in written.items() if ".db" in name}
    assert {"pagedesk.db", "inbox.db"} <= databases.keys()
    assert found({"text": PERSONAL["text"]}, databases), "The scanner must see into databases."
    assert found(desk.secrets, written) == []


async def test_logs_hold_nothing_personal_and_no_secret(desk: CanaryDesk) -> None:
    logs = {name: child.log.read_bytes() for name, child in desk.logs.items()}
    assert all(logs.values()), "Every process must have said something."
    assert found(PERSONAL | OF_ANOTHER | desk.secrets | desk.links, logs) == []


async def test_refusals_do_not_repeat_what_they_were_given(desk: CanaryDesk) -> None:
    assert len(desk.errors) == 10
    assert found(PERSONAL | desk.secrets, desk.errors) == []


async def test_no_get_of_the_api_shows_a_secret(desk: CanaryDesk) -> None:
    shown = await _everything_shown(desk)
    assert found({"PSID": PSID}, shown), "The scanner must see into answers."
    readable = {name: value for name, value in desk.secrets.items() if name != "verify token"}
    assert found(readable | desk.links, shown) == []
    # The administrator types the verify token into Meta's form: the account shows it, and nothing else does.
    shows_it = found({"verify token": desk.secrets["verify token"]}, shown)
    assert {place.removeprefix("verify token in ") for place in shows_it} == {
        "/v1/accounts",
        f"/v1/accounts/{desk.account['id']}",
    }


async def test_no_field_of_an_answer_is_named_like_a_secret(desk: CanaryDesk) -> None:
    names = {
        name
        for body in (await _everything_shown(desk)).values()
        if body.startswith((b"{", b"["))
        for name in _names(json.loads(body))
    }
    assert {"page_id", "status"} <= names
    secret = re.compile(r"secret|token|password|digest|hash|\bkey\b")
    instants = {"token_expires_at", "token_refresh_due_at", "previous_secret_until"}
    assert {name for name in names if secret.search(name)} == {"verify_token", "has_password"} | instants


async def test_the_event_stream_tells_ids_and_facts_but_no_words(desk: CanaryDesk) -> None:
    told = b""
    async with desk.api.stream("GET", "/v1/events", params={"after": 0}) as stream:
        async for part in stream.aiter_bytes():
            told += part
            if b'"state":"Problem"' in told:  # the last thing that has happened
                break
    assert desk.conversation["id"].encode() in told
    assert found(PERSONAL | desk.secrets | desk.links, {"stream": told}) == []


_NOT_HERE = {
    "/v1/events",  # a stream, see above
    "/v1/erasures/{erasure_id}",  # test_erasure_canaries.py
    "/data-deletion/{code}",
    "/v1/attachments/{attachment_id}",  # a file, not a view: tests/api/attachments/test_attachments.py
    "/v1/demo",  # with the local Messenger alone: tests/api/client
    "/v1/sign-in",  # for people: tests/api/access/test_browser_sign_in.py
}


_PERIOD = "?from=2026-11-01&to=2026-11-30"


async def _everything_shown(desk: CanaryDesk) -> dict[str, bytes]:
    """The answer of every GET of the API but the stream, for things that are there."""
    there = {
        "account_id": desk.account["id"],
        "page_id": PAGE,
        "conversation_id": desk.conversation["id"],
        "customer_id": desk.conversation["customer"]["id"],
        "agent_id": desk.agent_id,
        "survey_id": desk.survey_id,
        "erasure_id": desk.erasure_id,
        "workstream_id": (await desk.get("/v1/workstreams"))["items"][0]["id"],
    }
    rule = {"silent": "customer", "after_minutes": 60, "action": "close"}
    rules = f"/v1/workstreams/{there['workstream_id']}/time-out-rules"
    there["rule_id"] = (await desk.api.post(rules, json=rule)).raise_for_status().json()["id"]
    there["queue_id"] = "default"
    for name, address, body in (
        ("hours_id", "/v1/operating-hours", {"timezone": "UTC", "intervals": []}),
        ("skill_id", "/v1/skills", {}),
        ("profile_id", "/v1/capacity-profiles", {"default_limit": 1}),
        ("code_id", "/v1/disposition-codes", {}),
        (
            "rule_set_id",
            f"/v1/workstreams/{there['workstream_id']}/rule-sets",
            {"kind": "classification", "rules": []},
        ),
    ):
        made = await desk.api.post(address, json={"name": new_id(), **body})
        there[name] = made.raise_for_status().json()["id"]
    template = await desk.api.post("/v1/session-templates", json={"name": new_id()})
    there["template_id"] = template.raise_for_status().json()["id"]
    messages = await desk.get(f"/v1/conversations/{there['conversation_id']}/messages")
    there["message_id"] = next(each["id"] for each in messages["items"] if each["direction"] == "outbound")
    note = await desk.api.post(
        f"/v1/conversations/{there['conversation_id']}/notes",
        json={"text": "A plan."},
        headers={"Idempotency-Key": new_id()},
    )
    there["note_id"] = note.raise_for_status().json()["id"]
    quick_reply = {"slug": new_id(), "title": "A plan", "texts": {"en": "Here is a plan."}}
    saved = await desk.api.post("/v1/quick-replies", json=quick_reply)
    there["quick_reply_id"] = saved.raise_for_status().json()["id"]
    contact = await desk.api.post(
        "/v1/contacts", json={"name": "A plan"}, headers={"Idempotency-Key": new_id()}
    )
    there["contact_id"] = contact.raise_for_status().json()["id"]
    file = await desk.api.post("/v1/attachments", params={"name": "a.txt"}, content=b"a plan")
    there["attachment_id"] = file.raise_for_status().json()["id"]
    paths = create_app(desk.settings).openapi()["paths"]
    addresses = [
        path.format(**there) + _query_of(path)
        for path, methods in paths.items()
        if "get" in methods and path not in _NOT_HERE
    ]
    shown = {}
    for address in addresses:
        answer = await desk.api.get(address)
        assert answer.status_code == 200, (address, answer.text)
        shown[address] = answer.content
    return shown


def _query_of(path: str) -> str:
    """What a GET needs beside its address."""
    if path == "/v1/search":
        return "?q=plan"
    return _PERIOD if path.startswith("/v1/reports/") else ""


def _names(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(_names, value))
    if isinstance(value, dict):
        return set(value).union(*map(_names, value.values()))
    return set()
