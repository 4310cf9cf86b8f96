"""What nobody should send to the routes of work distribution, by the numbers of docs/reference/bad-input.md.

Every route is tried, as the API's document lists them: what is refused is refused everywhere.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from typing import Any

import httpx
import pytest
from sqlmodel import Session, func, select

from domain.conversations.lifecycle import Status
from store import tables
from support.api import ADMIN_TOKEN, Api, Seed, committed_openapi

_COMMANDS = "accept|decline|pick|assign|transfer|consult|join|monitor|leave|remove-participant|release"
_ROUTES = re.compile(
    r"/v1/(queues|skills|capacity-profiles|operating-hours|disposition-codes|bulk-actions)\b"
    r"|/v1/(me|agents/\{agent_id\})/(presence|work|capacity|skills)$"
    r"|/v1/workstreams/\{workstream_id\}/(rule-sets|routing)\b"
    rf"|/v1/conversations/\{{conversation_id\}}/({_COMMANDS}|routing)$"
)
_METHODS = ("get", "put", "post", "patch", "delete")

_OPERATIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, item in committed_openapi()["paths"].items()
    if _ROUTES.match(path)
    for method, operation in item.items()
    if method in _METHODS
}
_WITH_BODY = {name: each for name, each in _OPERATIONS.items() if "requestBody" in each[2]}
_WITH_ID = {name: each for name, each in _OPERATIONS.items() if "{" in each[1]}
_JWT = ".".join(
    urlsafe_b64encode(part).decode().rstrip("=")
    for part in (
        b'{"alg":"none","kid":"../../etc/passwd","jku":"https://evil.example"}',
        b'{"sub":"admin"}',
        b"",
    )
)

Answers = dict[str, tuple[int, str]]
"""By operation: status and code."""


def _address(path: str, id_: str = "nothing", **ids: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: ids.get(found[1], id_), path)


async def _answers(
    client: httpx.AsyncClient,
    operations: Iterable[str],
    id_: str = "nothing",
    *,
    conversation_id: str | None = None,
    **request: Any,
) -> Answers:
    """What the operations answer to the same request; every answer is a problem."""
    ids = {"conversation_id": conversation_id} if conversation_id else {}
    found = {}
    for name in operations:
        method, path, _ = _OPERATIONS[name]
        answer = await client.request(method, _address(path, id_, **ids), **request)
        found[name] = _problem(answer)
    return found


def _all_are(answers: Answers, *expected: tuple[int, str]) -> bool:
    wrong = {name: answer for name, answer in answers.items() if answer not in expected}
    assert wrong == {}
    return bool(answers)


def _problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers.get("content-type") == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


async def _rows(api: Api) -> dict[str, int]:
    """How much there is of everything that these routes change."""
    models = (tables.Queue, tables.Skill, tables.OperatingHours, tables.CapacityProfile, tables.RuleSet)

    def count(session: Session) -> dict[str, int]:
        return {
            each.__name__: session.exec(select(func.count()).select_from(each)).one()
            for each in (*models, tables.QueueMember, tables.DispositionCode)
        }

    return await api.database.read(count)


def test_the_table_has_every_kind_of_route() -> None:
    assert len(_OPERATIONS) > 50
    assert len(_WITH_BODY) > 20
    assert {method for method, _, _ in _OPERATIONS.values()} == {"GET", "PUT", "POST", "PATCH", "DELETE"}


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(None, id="A57-none"),
        pytest.param(_JWT, id="A57-unsigned-token"),
        pytest.param(ADMIN_TOKEN[:-1] + "x", id="A59-one-character"),
        pytest.param("x" * 1_000_000, id="A59-a-megabyte"),
    ],
)
async def test_without_a_key_nothing_is_answered(api: Api, token: str | None) -> None:
    assert _all_are(await _answers(api.client(token), _OPERATIONS, json={}), (401, "unauthenticated"))


@pytest.mark.parametrize(
    "field", [pytest.param("access_token", id="A58-token"), pytest.param("key", id="A58-key")]
)
async def test_a_key_in_the_address_is_none(api: Api, field: str) -> None:
    answers = await _answers(api.client(), _OPERATIONS, json={}, params={field: ADMIN_TOKEN})
    assert _all_are(answers, (401, "unauthenticated"))


@pytest.mark.parametrize(
    "id_",
    [
        pytest.param("%7B0b7e8a52-0000-4000-8000-000000000000%7D", id="A61-braces"),
        pytest.param("..%2F..%2Fadmin", id="A61-path"),
        pytest.param("a%00b", id="A61-nul"),
        pytest.param("9" * 10_000, id="A61-long"),
        pytest.param("%27%20OR%201%3D1--", id="A69-sql"),
    ],
)
async def test_a_malformed_id_names_nothing(api: Api, id_: str) -> None:
    answers = await _answers(api.admin, _WITH_ID, id_, json={})
    assert _all_are(answers, (404, "not_found"), (422, "invalid_request"))


async def test_a_field_that_is_not_known_is_refused(api: Api, seed: Seed) -> None:
    """A65, A66, A72."""
    known = (await seed.conversation()).conversation_id
    before = await _rows(api)
    more = {"role": "admin", "state": "waiting", "messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    assert _all_are(
        await _answers(api.admin, _WITH_BODY, conversation_id=known, json=more), (422, "invalid_request")
    )
    assert await _rows(api) == before


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(b"{", "malformed_json", id="A71-cut-off"),
        pytest.param(b"\xff\xfe", "malformed_json", id="A71-no-text"),
        pytest.param(b"[" * 100_000, "malformed_json", id="A71-deep"),
        pytest.param(b'{"name": NaN}', "malformed_json", id="A71-not-a-number"),
        pytest.param(b"[]", "invalid_request", id="A71-list"),
        pytest.param(b'"x"', "invalid_request", id="A71-text"),
    ],
)
async def test_a_body_that_is_none_is_refused(api: Api, seed: Seed, body: bytes, code: str) -> None:
    known = (await seed.conversation()).conversation_id
    answers = await _answers(
        api.admin,
        _WITH_BODY,
        conversation_id=known,
        content=body,
        headers={"content-type": "application/json"},
    )
    status = 400 if code == "malformed_json" else 422
    assert _all_are(answers, (status, code))


@pytest.mark.parametrize(
    "type_", [pytest.param("text/plain", id="A76-text"), pytest.param("*/*", id="A76-any")]
)
async def test_what_a_form_could_send_is_not_read(api: Api, seed: Seed, type_: str) -> None:
    known = (await seed.conversation()).conversation_id
    answers = await _answers(
        api.admin, _WITH_BODY, conversation_id=known, content=b"{}", headers={"content-type": type_}
    )
    assert _all_are(answers, (415, "unsupported_media_type"))


@pytest.mark.parametrize(
    "method", [pytest.param("TRACE", id="A74-trace"), pytest.param("BREW", id="A74-unknown")]
)
async def test_a_method_that_there_is_not_is_refused(api: Api, method: str) -> None:
    """Whatever is asked for, the answer is a problem (A75)."""
    for path in sorted({path for _, path, _ in _OPERATIONS.values()}):
        answer = await api.admin.request(method, _address(path), headers={"Accept": "text/html"})
        assert _problem(answer) == (405, "method_not_allowed"), path


@pytest.mark.parametrize(
    "spelt",
    [
        pytest.param(lambda path: f"/{path}", id="A79-two-slashes"),
        pytest.param(lambda path: f"{path}/", id="A79-slash-behind"),
        pytest.param(lambda path: path.replace("/v1/", "/V1/"), id="A79-case"),
        pytest.param(lambda path: path.replace("/v1/", "/v1/%2e%2e/v1/"), id="A79-dots"),
    ],
)
async def test_another_spelling_of_an_address_is_not_found(api: Api, spelt: Callable[[str], str]) -> None:
    for path in sorted({path for _, path, _ in _OPERATIONS.values()}):
        url = httpx.URL("http://api.test").copy_with(raw_path=spelt(_address(path)).encode())
        assert _problem(await api.admin.get(url)) == (404, "not_found"), path


_GIVE_AWAY = {"assign": "agent_id", "transfer": "agent_id", "consult": "agent_id"}


@pytest.mark.parametrize("action", _GIVE_AWAY)
@pytest.mark.parametrize("whom", ["A80-nobody", "A80-deactivated", "A80-offline"])
async def test_nothing_is_given_to_who_is_not_there(api: Api, seed: Seed, action: str, whom: str) -> None:
    thread = await seed.conversation(status=Status.ACTIVE)
    agent_id, _ = await api.somebody("agent")
    if whom == "A80-nobody":
        agent_id = "0" * 32
    elif whom == "A80-deactivated":
        (await api.admin.patch(f"/v1/agents/{agent_id}", json={"active": False})).raise_for_status()
    answer = await api.admin.post(
        f"/v1/conversations/{thread.conversation_id}/{action}", json={_GIVE_AWAY[action]: agent_id}
    )
    assert _problem(answer) == (409, "agent_not_available")
    assert api.engine.commands == []


@pytest.mark.parametrize("key", [pytest.param("k" * 1000, id="A67-long"), pytest.param("", id="A67-empty")])
async def test_a_key_of_a_command_that_is_none_is_refused(api: Api, seed: Seed, key: str) -> None:
    thread = await seed.conversation()
    answer = await api.admin.post(
        f"/v1/conversations/{thread.conversation_id}/pick", headers={"Idempotency-Key": key}
    )
    assert _problem(answer) == (422, "invalid_request")


@pytest.mark.parametrize("seconds", [0, -1, 10 * 366 * 86_400, "60", True, 1.5, 10**30])
@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/queues", "service_level_seconds"),
        ("/v1/queues", "overflow.while_queued.seconds"),
        ("/v1/workstreams", "work_distribution.notification.countdown_seconds"),
    ],
)
async def test_a_time_that_makes_no_sense_is_refused(api: Api, path: str, field: str, seconds: Any) -> None:
    """P93."""
    value: Any = seconds
    for name in reversed(field.split(".")):
        more = {"action": "end"} if name == "seconds" else {}
        value = {name: value, **more}
    answer = await api.admin.post(path, json={"name": "Times", **value})
    assert _problem(answer) == (422, "invalid_request")
    assert ".".join(map(str, answer.json()["errors"][0]["where"][1:])) == field
