"""The Graph client: what every call carries, and what each way of failing is called."""

import asyncio
import hashlib
import hmac
import json
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from messenger.graph import call as graph_call
from messenger.graph.client import GraphClient
from messenger.graph.error_table import ErrorKind
from messenger.graph.errors import GraphError
from messenger.graph.page_credentials import AppCredentials, PageCredentials
from messenger.graph.results import GraphUnavailable, NotSent, Refused, Sent, Unknown

TOKEN = "EAABpageTOKEN123456"
SECRET = "app-s3cret"
PAGE = PageCredentials("108823774519302", TOKEN, "1187452390011223", SECRET)
APP = PAGE.app
BASE = "https://graph.example"

Handler = Callable[[httpx.Request], httpx.Response]


def client(handler: Handler | httpx.AsyncBaseTransport) -> GraphClient:
    transport = handler if isinstance(handler, httpx.AsyncBaseTransport) else httpx.MockTransport(handler)
    return GraphClient(httpx.AsyncClient(transport=transport), BASE, "v26.0")


class Recorder:
    """Answers every call alike and keeps what came."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = list(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def answers(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Recorder:
    return Recorder(httpx.Response(status, json=body, headers=headers))


def batched(body: Any, code: int = 200) -> list[dict[str, Any]]:
    """The answer to a batch of one call."""
    return [{"code": code, "body": json.dumps(body)}]


def inside_batch(request: httpx.Request) -> tuple[str, str, dict[str, str]]:
    """Method, path and parameters of the one call in a batch."""
    (call,) = json.loads(form_of(request)["batch"])
    url = httpx.URL(call["relative_url"])
    return call["method"], url.path, dict(url.params)


async def send(graph: GraphClient, **changes: Any) -> Sent | Refused | NotSent | Unknown:
    arguments: dict[str, Any] = {
        "psid": "7421908834567012",
        "message": {"text": "hello"},
        "messaging_type": "RESPONSE",
        "tag": None,
        "metadata": "pd1:01JD",
    }
    return await graph.send(PAGE, **arguments | changes)


def proof_of(token: str) -> str:
    return hmac.new(SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()


# What every call carries

CALLS: dict[str, tuple[Callable[[GraphClient], Awaitable[Any]], Any]] = {
    "send": (send, {"message_id": "m_1"}),
    "debug_token": (lambda graph: graph.debug_token(APP, TOKEN), batched({"data": {"is_valid": True}})),
    "subscribe_app": (
        lambda graph: graph.subscribe_app(APP, "https://desk.example/hook", "verify-me", ["messages"]),
        {"success": True},
    ),
    "app_subscriptions": (lambda graph: graph.app_subscriptions(APP), {"data": []}),
    "subscribe_page": (lambda graph: graph.subscribe_page(PAGE, ["messages"]), {"success": True}),
    "page_subscriptions": (lambda graph: graph.page_subscriptions(PAGE), {"data": []}),
    "page_profile": (lambda graph: graph.page_profile(PAGE), {"id": "108823774519302"}),
    "act": (lambda graph: graph.act(PAGE, "7421908834567012", "typing_on"), {"recipient_id": "7421"}),
    "thread_owner": (lambda graph: graph.thread_owner(PAGE, "7421908834567012"), {"data": []}),
    "control_thread": (
        lambda graph: graph.control_thread(PAGE, "7421908834567012", "take"),
        {"success": True},
    ),
    "user_profile": (lambda graph: graph.user_profile(PAGE, "7421908834567012", ["name"]), {}),
}
every_call = pytest.mark.parametrize("name", CALLS)


@every_call
async def test_every_call_has_token_header_and_proof_and_no_token_in_its_url(name: str) -> None:
    call, body = CALLS[name]
    recorder = answers(body)
    await call(client(recorder))
    (request,) = recorder.requests
    token = request.headers["authorization"].removeprefix("Bearer ")
    assert token in {TOKEN, f"{APP.app_id}|{SECRET}"}
    assert request.url.params["appsecret_proof"] == proof_of(token)
    assert request.url.path.startswith("/v26.0/")
    assert request.headers["accept-encoding"] == "identity"
    assert not any(secret in str(request.url) for secret in (TOKEN, SECRET, "verify-me"))


@every_call
async def test_no_call_is_repeated_or_redirected(name: str) -> None:
    call, _ = CALLS[name]
    recorder = Recorder(httpx.Response(302, headers={"location": "https://elsewhere.example/"}))
    try:
        outcome = await call(client(recorder))
    except (GraphError, GraphUnavailable):
        outcome = None
    assert not isinstance(outcome, Sent)
    assert len(recorder.requests) == 1


@every_call
async def test_no_error_tells_a_secret(name: str) -> None:
    call, _ = CALLS[name]
    error = {"code": 190, "message": f"bad {TOKEN} and {SECRET} and EAABother12345678", "fbtrace_id": "A"}
    try:
        shown = repr(await call(client(answers({"error": error}, 400))))
    except (GraphError, GraphUnavailable) as raised:
        shown = f"{raised} {raised!r} {vars(raised)} {raised.__cause__!r}"
    assert not any(secret in shown for secret in (TOKEN, SECRET, "EAABother12345678"))


async def test_httpx_logs_no_query(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await client(answers({"id": "108823774519302"})).page_profile(PAGE)
    assert "/v26.0/me" in caplog.text
    assert not any(secret in caplog.text for secret in (TOKEN, SECRET, "appsecret_proof"))


def test_credentials_hide_their_secrets() -> None:
    shown = f"{PAGE} {PAGE!r} {APP!r} {PAGE.access!r} {APP.access}"
    assert not any(secret in shown for secret in (TOKEN, SECRET))
    assert "108823774519302" in shown
    assert AppCredentials("1", "2").access.token == "1|2"


# Sending


async def test_a_send_is_one_json_post() -> None:
    recorder = answers({"recipient_id": "7421908834567012", "message_id": "m_9"})
    outcome = await send(client(recorder), tag="HUMAN_AGENT", messaging_type="MESSAGE_TAG", reply_to="m_1")
    assert outcome == Sent("m_9")
    (request,) = recorder.requests
    assert (request.method, request.url.path) == ("POST", "/v26.0/108823774519302/messages")
    assert json.loads(request.content) == {
        "recipient": {"id": "7421908834567012"},
        "messaging_type": "MESSAGE_TAG",
        "tag": "HUMAN_AGENT",
        "message": {"text": "hello", "metadata": "pd1:01JD"},
        "reply_to": {"mid": "m_1"},
    }


async def test_without_tag_and_reply_neither_key_is_sent() -> None:
    recorder = answers({"message_id": "m_9"})
    await send(client(recorder))
    assert set(json.loads(recorder.requests[0].content)) == {"recipient", "messaging_type", "message"}


async def test_any_text_can_be_written() -> None:
    recorder = answers({"message_id": "m_9"})
    await send(client(recorder), message={"text": "\ud800 \u0000 👋"})
    assert json.loads(recorder.requests[0].content)["message"]["text"] == "\ud800 \u0000 👋"


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"code": 190, "error_subcode": 460}, ErrorKind.AUTH),
        (400, {"code": 10, "error_subcode": 2018278}, ErrorKind.WINDOW),
        (400, {"code": 100}, ErrorKind.MESSAGE),
        (400, {"code": 551}, ErrorKind.UNREACHABLE),
        (400, {"code": 4}, ErrorKind.THROTTLED),
        (403, {"code": 230}, ErrorKind.CONFIG),
        (400, {"code": 987654}, ErrorKind.MESSAGE),
        (200, {"code": 368}, ErrorKind.POLICY),
    ],
)
async def test_a_definite_code_is_a_refusal(status: int, error: dict[str, int], kind: ErrorKind) -> None:
    outcome = await send(client(answers({"error": error}, status)))
    assert isinstance(outcome, Refused)
    assert outcome.error.kind is kind


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, {"code": 1}),
        (400, {"code": 1, "error_subcode": 1357046}),
        (400, {"code": 2}),
        (400, {"code": 1200}),
        (500, {"code": 1}),
        (503, {"code": 4}),
        (500, {"code": 190}),
        (400, {"code": 987654, "is_transient": True}),
    ],
)
async def test_a_code_that_may_hide_a_success_is_unknown(status: int, error: dict[str, Any]) -> None:
    outcome = await send(client(answers({"error": error}, status)))
    assert isinstance(outcome, Unknown)
    assert outcome.error is not None


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, content=b""),
        httpx.Response(200, content=b"<html>ok</html>"),
        httpx.Response(200, content=b'{"message_id":"m_1"'),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"message_id": ""}),
        httpx.Response(200, json={"message_id": None, "recipient_id": "7"}),
        httpx.Response(200, content=b"[" * 100_000),
        httpx.Response(200, content=b'{"message_id":"m_1","x":"' + b"x" * 1024 * 1024 + b'"}'),
        httpx.Response(200, json={"message_id": "m_1"}, headers={"content-encoding": "br"}),
        httpx.Response(500, content=b"<html>"),
        httpx.Response(502),
        httpx.Response(408),
    ],
)
async def test_an_answer_that_cannot_be_read_is_unknown(response: httpx.Response) -> None:
    assert isinstance(await send(client(Recorder(response))), Unknown)


@pytest.mark.parametrize("status", [400, 403, 404, 413, 429])
async def test_a_refusal_that_is_no_json_goes_by_its_status(status: int) -> None:
    outcome = await send(client(Recorder(httpx.Response(status, content=b"<html>no</html>"))))
    assert isinstance(outcome, Refused)
    assert outcome.error.kind is (ErrorKind.THROTTLED if status == 429 else ErrorKind.MESSAGE)


@pytest.mark.parametrize("failure", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
async def test_nothing_written_is_certainly_not_sent(failure: type[httpx.TransportError]) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise failure("no", request=request)

    assert await send(client(fail)) == NotSent(failure.__name__)


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ReadTimeout,
        httpx.WriteTimeout,
        httpx.ReadError,
        httpx.WriteError,
        httpx.CloseError,
        httpx.RemoteProtocolError,
        httpx.LocalProtocolError,
    ],
)
async def test_a_failure_after_the_first_byte_is_unknown(failure: type[httpx.TransportError]) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise failure(f"Illegal header value b'Bearer {TOKEN}'", request=request)

    assert await send(client(fail)) == Unknown(failure.__name__)


@pytest.mark.parametrize("token", ["line\nbreak", "näh", "\x00"])
async def test_a_token_that_cannot_be_a_header_is_never_written(token: str) -> None:
    recorder = answers({"message_id": "m_1"})
    credentials = PageCredentials("1", token, "2", SECRET)
    outcome = await client(recorder).send(
        credentials, psid="7", message={}, messaging_type="RESPONSE", tag=None, metadata="x"
    )
    assert outcome == NotSent("token_not_sendable")
    assert recorder.requests == []


async def test_an_endless_answer_ends_with_the_total_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_call, "TOTAL_TIMEOUT_SECONDS", 0.05)

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            while True:
                await asyncio.sleep(0.01)
                yield b" "

    outcome = await send(client(Recorder(httpx.Response(200, stream=Endless()))))
    assert outcome == Unknown("TimeoutError")


async def test_a_cancelled_send_stays_cancelled() -> None:
    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError(request)

    task = asyncio.create_task(send(client(Silent())))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_all_waiting_before_the_first_byte_ends_before_the_total() -> None:
    before_first_byte = (
        graph_call.POOL_TIMEOUT_SECONDS + 2 * graph_call.CONNECT_TIMEOUT_SECONDS
    )  # connecting, then TLS
    assert before_first_byte < graph_call.TOTAL_TIMEOUT_SECONDS <= 15


# Sending over real sockets


async def over_socket(serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> Any:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, httpx.AsyncClient() as http:
        return await send(GraphClient(http, f"http://127.0.0.1:{port}", "v26.0"))


async def test_a_connection_closed_without_an_answer_is_unknown() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    assert isinstance(await over_socket(hang_up), Unknown)


async def test_an_answer_cut_short_is_unknown() -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"message_id":"m')
        await writer.drain()
        writer.close()

    assert isinstance(await over_socket(half), Unknown)


async def test_a_refused_connection_is_certainly_not_sent() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        async with httpx.AsyncClient() as http:
            assert await send(GraphClient(http, address, "v26.0")) == NotSent("ConnectError")


async def test_a_failed_tls_handshake_is_certainly_not_sent() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, httpx.AsyncClient(verify=ssl.create_default_context()) as http:
        assert await send(GraphClient(http, f"https://127.0.0.1:{port}", "v26.0")) == NotSent("ConnectError")


# Set-up and profiles


def form_of(request: httpx.Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.content.decode()).items()}


async def test_debug_token_tells_the_life_of_a_token() -> None:
    data = {
        "app_id": 1187452390011223,
        "type": "PAGE",
        "is_valid": True,
        "expires_at": 0,
        "data_access_expires_at": 1803000000,
        "issued_at": 1795000000,
        "scopes": ["pages_messaging", "pages_manage_metadata"],
        "profile_id": "108823774519302",
    }
    recorder = answers(batched({"data": data}))
    token = await client(recorder).debug_token(APP, TOKEN)
    assert (token.is_valid, token.app_id, token.type) == (True, "1187452390011223", "PAGE")
    assert (token.expires_at, token.profile_id) == (None, "108823774519302")
    assert token.data_access_expires_at == datetime.fromtimestamp(1803000000, UTC)
    assert token.issued_at == datetime.fromtimestamp(1795000000, UTC)
    assert token.scopes == {"pages_messaging", "pages_manage_metadata"}
    assert token.error is None


async def test_debug_token_says_why_a_token_is_dead() -> None:
    data = {"is_valid": False, "error": {"code": 190, "subcode": 460, "message": f"changed {TOKEN}"}}
    token = await client(answers(batched({"data": data}))).debug_token(APP, TOKEN)
    assert not token.is_valid
    assert token.error is not None
    assert (token.error.code, token.error.subcode) == (190, 460)
    assert TOKEN not in token.error.message


async def test_debug_token_asks_inside_a_batch_so_that_the_token_is_in_no_url() -> None:
    recorder = answers(batched({"data": {"is_valid": True}}))
    await client(recorder).debug_token(APP, TOKEN)
    (request,) = recorder.requests
    assert (request.method, request.url.path) == ("POST", "/v26.0/")
    assert form_of(request)["include_headers"] == "false"
    proof = proof_of(APP.access.token)
    assert inside_batch(request) == (
        "GET",
        "debug_token",
        {"input_token": TOKEN, "appsecret_proof": proof},
    )


async def test_an_error_inside_a_batch_is_the_calls_own() -> None:
    error = {"error": {"code": 100, "message": f"bad {TOKEN}"}}
    with pytest.raises(GraphError) as raised:
        await client(answers(batched(error, 400))).debug_token(APP, TOKEN)
    assert (raised.value.status, raised.value.code) == (400, 100)
    assert TOKEN not in raised.value.message


@pytest.mark.parametrize(
    "answer",
    [[], [None], ["x"], [{}], [{"code": 200}], [{"code": 200, "body": None}], [{"code": 200, "body": "[]"}]],
)
async def test_a_batch_without_the_calls_answer_is_unavailable(answer: list[Any]) -> None:
    with pytest.raises(GraphUnavailable, match="unreadable_answer"):
        await client(answers(answer)).debug_token(APP, TOKEN)


async def test_subscribing_an_app_names_the_webhook() -> None:
    recorder = answers({"success": "true"})
    await client(recorder).subscribe_app(
        APP, "https://desk.example/hook", "verify-me", ["messages", "standby"]
    )
    (request,) = recorder.requests
    assert (request.method, request.url.path) == ("POST", "/v26.0/1187452390011223/subscriptions")
    assert form_of(request) == {
        "object": "page",
        "callback_url": "https://desk.example/hook",
        "verify_token": "verify-me",
        "fields": "messages,standby",
        "include_values": "true",
    }


async def test_subscribing_a_page_names_the_fields() -> None:
    recorder = answers({"success": True})
    await client(recorder).subscribe_page(PAGE, ["messages", "standby"])
    (request,) = recorder.requests
    assert (request.method, request.url.path) == ("POST", "/v26.0/108823774519302/subscribed_apps")
    assert form_of(request) == {"subscribed_fields": "messages,standby"}


@pytest.mark.parametrize("action", ["typing_on", "typing_off", "mark_seen"])
async def test_a_sender_action_goes_without_a_message(action: str) -> None:
    recorder = answers({"recipient_id": "7421908834567012"})
    await client(recorder).act(PAGE, "7421908834567012", action)
    (request,) = recorder.requests
    assert (request.method, request.url.path) == ("POST", "/v26.0/108823774519302/messages")
    body = {"recipient": {"id": "7421908834567012"}, "sender_action": action}
    assert json.loads(request.content) == body


@pytest.mark.parametrize(
    ("data", "owner"),
    [
        ([], None),
        ([{"thread_owner": {"app_id": "2045518837702214", "expiration": "x"}}], "2045518837702214"),
        ([{"thread_owner": {"app_id": 263902037430900}}], "263902037430900"),
    ],
)
async def test_the_owner_of_a_thread_is_an_app_or_nobody(data: list[Any], owner: str | None) -> None:
    recorder = answers({"data": data})
    assert await client(recorder).thread_owner(PAGE, "7421908834567012") == owner
    (request,) = recorder.requests
    assert (request.url.path, request.url.params["recipient"]) == (
        "/v26.0/108823774519302/thread_owner",
        "7421908834567012",
    )


async def test_control_is_passed_with_its_app_and_word() -> None:
    recorder = answers({"success": True})
    await client(recorder).control_thread(
        PAGE, "7421908834567012", "pass", target_app_id="263902037430900", metadata="please"
    )
    (request,) = recorder.requests
    assert (request.method, request.url.path) == ("POST", "/v26.0/108823774519302/pass_thread_control")
    assert form_of(request) == {
        "recipient": '{"id": "7421908834567012"}',
        "target_app_id": "263902037430900",
        "metadata": "please",
    }


async def test_an_unconfirmed_change_is_not_taken_for_done() -> None:
    with pytest.raises(GraphUnavailable, match="not_confirmed"):
        await client(answers({"success": False})).subscribe_page(PAGE, ["messages"])


async def test_subscriptions_are_read_in_both_forms() -> None:
    app = {"object": "page", "callback_url": "https://x/", "active": True, "fields": [{"name": "messages"}]}
    (webhook,) = await client(answers({"data": [app]})).app_subscriptions(APP)
    assert (webhook.object, webhook.callback_url, webhook.active) == ("page", "https://x/", True)
    assert webhook.fields == {"messages"}
    page = {"id": 1187452390011223, "name": "Desk", "subscribed_fields": ["messages", "standby"]}
    (subscription,) = await client(answers({"data": [page]})).page_subscriptions(PAGE)
    assert subscription.app_id == "1187452390011223"
    assert subscription.fields == {"messages", "standby"}


async def test_a_token_tells_its_page() -> None:
    profile = await client(answers({"id": "108823774519302", "name": "Example Shop"})).page_profile(PAGE)
    assert (profile.page_id, profile.name) == ("108823774519302", "Example Shop")


async def test_a_profile_has_what_was_asked_for_and_told() -> None:
    recorder = answers({"first_name": "Ann", "id": "7", "profile_pic": None})
    profile = await client(recorder).user_profile(PAGE, "../7", ["first_name", "last_name", "profile_pic"])
    assert profile == {"first_name": "Ann"}
    assert recorder.requests[0].url.raw_path.startswith(b"/v26.0/..%2F7?")
    assert recorder.requests[0].url.params["fields"] == "first_name,last_name,profile_pic"


READS = [name for name in CALLS if name != "send"]


@pytest.mark.parametrize("name", READS)
async def test_what_meta_refuses_is_a_graph_error(name: str) -> None:
    call, _ = CALLS[name]
    with pytest.raises(GraphError) as raised:
        await call(client(answers({"error": {"code": 190, "error_subcode": 463}}, 400)))
    assert (raised.value.kind, raised.value.subcode) == (ErrorKind.AUTH, 463)


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize(
    "response", [httpx.Response(502, content=b"<html>"), httpx.Response(200, content=b"?")]
)
async def test_what_is_no_answer_of_the_graph_api_is_unavailable(name: str, response: httpx.Response) -> None:
    call, _ = CALLS[name]
    with pytest.raises(GraphUnavailable):
        await call(client(Recorder(response)))


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("failure", [httpx.ConnectError, httpx.ReadTimeout])
async def test_what_cannot_be_reached_is_unavailable(name: str, failure: type[httpx.TransportError]) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise failure("no", request=request)

    call, _ = CALLS[name]
    with pytest.raises(GraphUnavailable, match=failure.__name__):
        await call(client(fail))
