"""What nobody should send: always a problem document, never a 500, nothing of it echoed."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from freezegun import freeze_time
from starlette.types import Message
from structlog.testing import capture_logs

from api.http.problems import PROBLEMS
from api.security import guarded_route as routing
from base import clock
from domain.conversations.lifecycle import Status
from support.api import ADMIN_TOKEN, NOW, Api, Seed
from support.eventually import eventually

JSON = {"content-type": "application/json"}
WORKSTREAMS = "/v1/workstreams"

HEADERS = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "malformed_json"),
        (b"\xff\xfe", "malformed_json"),
        (b"\xef\xbb\xbf{}", "malformed_json"),
        (b'{"name": NaN}', "malformed_json"),
        (b'{"name": "\\ud800"}', "malformed_json"),
        (b"[" * 100_000, "malformed_json"),
        (b'{"name": 1e999}', "malformed_json"),
        (b'{"name": ' + b"9" * 5000 + b"}", "malformed_json"),
        (b'{"name": "a\\u0000b"}', "invalid_request"),
        (b"", "invalid_request"),
        (b"null", "invalid_request"),
        (b"[]", "invalid_request"),
        (b'"x"', "invalid_request"),
        (b"1", "invalid_request"),
        (b'{"name": {"a": 1}}', "invalid_request"),
    ],
)
async def test_a_body_that_is_none(api: Api, body: bytes, code: str) -> None:
    answer = await api.admin.post(WORKSTREAMS, content=body, headers=JSON)
    assert answer.json()["code"] == code, answer.text
    assert answer.status_code == PROBLEMS[code].status


async def test_of_duplicate_members_the_last_counts(api: Api) -> None:
    answer = await api.admin.post(WORKSTREAMS, content=b'{"name": "a", "name": "b"}', headers=JSON)
    assert answer.json()["name"] == "b"


@pytest.mark.parametrize(
    "media_type",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "*/*",
    ],
)
async def test_only_json_is_understood(api: Api, media_type: str | None) -> None:
    headers = {"content-type": media_type} if media_type else {}
    answer = await api.admin.post(WORKSTREAMS, content=b'{"name": "a"}', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_json_with_a_charset_is_json(api: Api) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    assert (await api.admin.post(WORKSTREAMS, content=b'{"name": "a"}', headers=headers)).status_code == 201


async def test_a_body_that_announces_too_much_is_not_read(api: Api) -> None:
    body = b'{"name": "' + b"x" * routing.MAX_BODY_BYTES + b'"}'
    answer = await api.admin.post(WORKSTREAMS, content=body, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "content_too_large")


async def test_a_body_without_length_is_cut_off_at_the_cap(api: Api) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 4096
            yield b"x" * 4096

    answer = await api.admin.post(WORKSTREAMS, content=endless(), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "content_too_large")
    assert sent <= routing.MAX_BODY_BYTES + 2 * 4096


async def test_a_body_that_comes_too_slowly_is_given_up(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing, "BODY_TIMEOUT_SECONDS", 0.05)

    async def stalled() -> Message:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    answered: list[Message] = []

    async def send(message: Message) -> None:
        answered.append(message)

    headers = {**JSON, "authorization": f"Bearer {ADMIN_TOKEN}", "transfer-encoding": "chunked"}
    scope = {
        "type": "http",
        "method": "POST",
        "path": WORKSTREAMS,
        "raw_path": WORKSTREAMS.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    await api.app(scope, stalled, send)
    assert answered[0]["status"] == 408


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "HEAD", "OPTIONS", "BREW"])
async def test_an_unknown_method_is_told_what_is_known(api: Api, method: str) -> None:
    answer = await api.admin.request(method, WORKSTREAMS)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v2/accounts", "/v1/accounts/", "//v1/accounts", "/V1/accounts"]
)
async def test_another_address_is_not_found_and_never_redirected(api: Api, path: str) -> None:
    answer = await api.admin.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "path",
    ["/v1/me", "/v1/nothing", "/healthz", "/readyz", "/docs", "/openapi.json", "/webhooks/messenger/x"],
)
async def test_every_answer_has_the_security_headers(api: Api, path: str) -> None:
    for answer in (await api.client().get(path), await api.client().post(path)):
        for name, value in HEADERS.items():
            if path.startswith("/webhooks") and name not in answer.headers:
                continue
            assert answer.headers.get_list(name) == [value], (path, name)
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "server" not in answer.headers


async def test_a_foreign_origin_gets_no_permission(api: Api) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for answer in (
        await api.admin.get("/v1/me", headers=headers),
        await api.admin.options("/v1/me", headers=headers),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_nothing_of_the_input_comes_back(api: Api) -> None:
    evil = "<script>alert(1)</script>"
    body = {"name": 1, evil: evil, "auto_close_waiting_after_minutes": evil}
    answer = await api.admin.post(WORKSTREAMS, json=body)
    assert answer.status_code == 422
    assert "script" not in answer.text
    assert {
        "where": ["body", "?"],
        "type": "unknown",
        "message": "Nothing of this name is known here.",
    } in (answer.json()["errors"])


async def test_an_accept_header_changes_nothing(api: Api) -> None:
    answer = await api.admin.get("/v1/nothing", headers={"Accept": "text/html"})
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_host_header_moves_nothing(api: Api) -> None:
    answer = await api.admin.get("/v1/me", headers={"Host": "evil.example/../v1/accounts?x="})
    assert (answer.status_code, "evil" in answer.text) == (200, False)


async def test_what_breaks_is_a_problem_without_a_trace(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any) -> None:
        raise ZeroDivisionError("the secret inner life")

    monkeypatch.setattr(api.database, "read", broken)
    with capture_logs() as logged:
        answer = await api.client().get("/v1/me", headers={"Authorization": f"Bearer {ADMIN_TOKEN}"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    (failed,) = [line for line in logged if line["event"] != "request"]
    assert (failed["event"], failed["log_level"]) == ("request_failed", "error")
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_one_caller_cannot_take_everything(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.app.state.call_limit, "_burst", 3)
    _, client = await api.somebody("agent")
    with freeze_time(NOW):
        answers = [await client.get("/v1/me") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["code"] == "too_many_requests"
    assert answers[-1].headers["retry-after"] == "1"


def _signed(secret: str, body: bytes = b'{"object":"page","entry":[]}') -> dict[str, Any]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"content": body, "headers": {"X-Hub-Signature-256": f"sha256={digest}"}}


@pytest.mark.parametrize(
    ("days", "ended", "statuses"),
    [
        pytest.param(0, False, (200, 200, 401), id="W16-during"),
        pytest.param(0, True, (200, 401, 401), id="W16-ended"),
        pytest.param(6.9, False, (200, 200, 401), id="W16-almost-over"),
        pytest.param(7.1, False, (200, 401, 401), id="W16-run-out"),
    ],
)
async def test_the_previous_secret_signs_during_a_rotation_and_not_after_it(
    api: Api, monkeypatch: pytest.MonkeyPatch, *, days: float, ended: bool, statuses: tuple[int, ...]
) -> None:
    monkeypatch.setattr("api.webhooks.secrets._FRESH_SECONDS", 0.0)
    oldest, old, new = "secret-of-last-year", "secret-of-last-week", "secret-of-today"
    account = {"name": "Shop", "app_id": "4711", "app_secret": oldest}
    time = [NOW]
    with clock.taken_from(lambda: time[0]):
        made = (await api.admin.post("/v1/accounts", json=account)).json()
        address, webhook = f"/v1/accounts/{made['id']}", f"/webhooks/messenger/{made['id']}"
        assert (await api.client().post(webhook, **_signed(oldest))).status_code == 200
        for secret in (old, new, new):  # the same again begins nothing
            changed = (await api.admin.patch(address, json={"app_secret": secret})).json()
        assert changed["previous_secret_until"] == (NOW + timedelta(days=7)).isoformat().replace(
            "+00:00", "Z"
        )

        async def holds() -> bool:
            return (await api.client().post(webhook, **_signed(new))).status_code == 200

        await eventually(holds)  # until then Meta is told to come again
        if ended:
            view = (await api.admin.post(f"{address}/end-rotation")).json()
            assert view["previous_secret_until"] is None
        time[0] += timedelta(days=days)
        answers = [await api.client().post(webhook, **_signed(secret)) for secret in (new, old, oldest)]
    assert tuple(answer.status_code for answer in answers) == statuses


@pytest.mark.parametrize(
    "status",
    [pytest.param(status, id=f"P95-{status.value}") for status in Status if status is not Status.CLOSED],
)
async def test_a_page_with_open_conversations_is_not_deleted(api: Api, seed: Seed, status: Status) -> None:
    page_id = await seed.page()
    await seed.conversation(page_id=page_id, status=status)
    before = (await api.admin.get(f"/v1/pages/{page_id}")).json()
    refused = await api.admin.delete(f"/v1/pages/{page_id}")
    assert (refused.status_code, refused.json()["code"]) == (409, "page_in_use_by_conversations")
    assert refused.json()["conversations"] == {status.value: 1}
    assert refused.json()["detail"]
    assert (await api.admin.get(f"/v1/pages/{page_id}")).json() == before
    account = await api.admin.delete(f"/v1/accounts/{before['account_id']}")
    assert (account.status_code, account.json()["code"]) == (409, "account_in_use")
    assert account.json()["page_ids"] == [page_id]
