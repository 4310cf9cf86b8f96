"""Setting faults: what can be said of one, whom it strikes and how often, and what the ledger keeps of it."""

import asyncio
import re
from typing import Any

import pytest

from sandbox.fault_kinds import CALLS, KINDS, NARROWED, WHEN
from support.paths import ROOT
from support.sandbox_driver import APP, PAGE, PSID, SECRET, TOKEN, Messenger, error_of

README = ROOT / "sandbox" / "README.md"
OTHER = "8000000000000001"


async def struck(messenger: Messenger, count: int) -> list[bool]:
    """Which of so many sends were answered with an error."""
    return [(await messenger.send()).status_code != 200 for _ in range(count)]


# -- the table and the README ------------------------------------------------------------------------------


def section() -> str:
    text = README.read_text()
    return text[text.index("### Faults") : text.index("### Settings")]


def test_the_readme_names_every_kind_and_no_other() -> None:
    named = re.findall(r"^\| `([a-z_]+)` \| (.*?) \|", section(), re.MULTILINE)
    kinds = {name: values for name, values in named if name in KINDS}
    assert list(kinds) == list(KINDS)
    general = {name for name, _ in named} - KINDS.keys()
    assert general <= {*WHEN, *(name for names in NARROWED.values() for name in names)}


@pytest.mark.parametrize("kind", KINDS)
def test_the_readme_names_every_value_of_a_kind(kind: str) -> None:
    row = next(line for line in section().splitlines() if line.startswith(f"| `{kind}` |"))
    missing = [name for name in KINDS[kind].params if f"`{name}" not in row]
    assert not missing


def test_the_readme_names_what_a_fault_is_narrowed_by_and_every_call() -> None:
    rows = section()
    names = {*WHEN, *(name for names in NARROWED.values() for name in names)}
    assert not [name for name in names if f"`{name}`" not in rows]
    assert not [name for name in CALLS if name not in rows]


# -- strict inputs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "kind is one of"),
        ({"kind": "gremlin"}, "not 'gremlin'"),
        ({"kind": ["cut"]}, "kind is one of"),
        ({"kind": "error"}, "code is required"),
        ({"kind": "error", "code": "10"}, "code should be a whole number"),
        ({"kind": "error", "code": True}, "code should be a whole number"),
        ({"kind": "error", "code": 10, "status": 99}, "status should be from 200 to 599"),
        ({"kind": "error", "code": 10, "extra": []}, "extra should be an object"),
        ({"kind": "error", "code": 10, "seconds": 1}, "error has no ['seconds']"),
        ({"kind": "cut", "at": "end"}, "at has no 'end'"),
        ({"kind": "cut", "accept": 1}, "accept should be true or false"),
        ({"kind": "cut", "calls": "send"}, "calls should be a list"),
        ({"kind": "cut", "calls": ["sends"]}, "calls has no 'sends'"),
        ({"kind": "cut", "times": 0}, "times should be from 1"),
        ({"kind": "cut", "probability": 1.5}, "probability should be from 0 to 1"),
        ({"kind": "cut", "page_id": 108823774519302}, "page_id should be text"),
        ({"kind": "hang"}, "seconds is required"),
        ({"kind": "hang", "seconds": -1}, "seconds should be from 0"),
        ({"kind": "throttle", "headers": ["x-app-usage"]}, "headers has no 'x-app-usage'"),
        ({"kind": "throttle", "accept": True}, "throttle has no ['accept']"),
        ({"kind": "echo_other_app", "app_id": "mine"}, "app_id should be digits"),
        ({"kind": "delivery_again", "copies": 51}, "copies should be from 2 to 50"),
        ({"kind": "delivery_late", "events": ["echos"]}, "events has no 'echos'"),
        ({"kind": "media_redirect", "to": "http://a\r\nb"}, "to should be plain ASCII"),
        ({"kind": "media_body", "body_base64": "?"}, "body_base64 should be base64"),
        ({"kind": "media_status", "status": 404, "page_id": PAGE}, "media_status has no ['page_id']"),
    ],
)
async def test_a_fault_that_cannot_be_is_refused(
    messenger: Messenger, given: dict[str, Any], says: str
) -> None:
    answer = await messenger.client.post("/_sandbox/faults", json=given)
    assert answer.status_code == 400
    assert says in answer.json()["error"]
    assert (await messenger.look("/faults"))["faults"] == []


async def test_a_fault_of_an_unknown_page_is_refused(messenger: Messenger) -> None:
    answer = await messenger.client.post("/_sandbox/faults", json={"kind": "cut", "page_id": "1"})
    assert (answer.status_code, answer.json()) == (404, {"error": "no page 1"})


# -- listing and lifting -----------------------------------------------------------------------------------


async def test_faults_are_listed_and_lifted_one_by_one_or_all(open_window: Messenger) -> None:
    messenger = open_window
    first = await messenger.control("/faults", kind="empty", status=503, times=1)
    second = await messenger.control("/faults", kind="error", code=10)
    assert await struck(messenger, 1) == [True]
    listed = (await messenger.look("/faults"))["faults"]
    assert [(item["id"], item["kind"]) for item in listed] == [
        (first["id"], "empty"),
        (second["id"], "error"),
    ]
    assert [(item["met"], item["fired"], item["over"]) for item in listed] == [(1, 1, True), (0, 0, False)]
    lifted = await messenger.client.delete(f"/_sandbox/faults/{second['id']}")
    assert lifted.json() == {"cleared": 1}
    assert await struck(messenger, 1) == [False]
    assert (await messenger.client.delete("/_sandbox/faults/f99")).status_code == 404
    assert (await messenger.client.delete("/_sandbox/faults")).json() == {"cleared": 1}
    assert (await messenger.look("/faults"))["faults"] == []


async def test_a_reset_lifts_all(messenger: Messenger) -> None:
    await messenger.control("/faults", kind="cut")
    await messenger.control("/reset")
    assert (await messenger.look("/faults"))["faults"] == []


# -- whom and how often ------------------------------------------------------------------------------------


async def test_times_and_skip(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="empty", status=500, skip=1, times=2)
    assert await struck(open_window, 5) == [False, True, True, False, False]


async def test_for_seconds_are_of_the_sandboxs_clock(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="empty", status=500, for_seconds=60)
    await open_window.advance(59)
    assert await struck(open_window, 1) == [True]
    await open_window.advance(1)
    assert await struck(open_window, 1) == [False]


async def test_the_same_seed_strikes_the_same_calls(open_window: Messenger) -> None:
    messenger = open_window
    drawn = []
    for seed in (7, 7, 8):
        await messenger.control("/faults", kind="empty", status=500, probability=0.3, seed=seed)
        drawn.append(await struck(messenger, 40))
        await messenger.client.delete("/_sandbox/faults")
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]
    assert 4 <= sum(drawn[0]) <= 20


async def test_a_drawn_seed_is_told_and_can_be_given_again(open_window: Messenger) -> None:
    messenger = open_window
    told = await messenger.control("/faults", kind="empty", status=500, probability=0.5)
    first = await struck(messenger, 20)
    await messenger.client.delete("/_sandbox/faults")
    await messenger.control("/faults", kind="empty", status=500, probability=0.5, seed=told["seed"])
    assert await struck(messenger, 20) == first


async def test_only_sends_are_struck_unless_more_is_said(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="empty", status=500)
    reads = await open_window.graph("GET", "/v26.0/me")
    typing = await open_window.graph(
        "POST", "/v26.0/me/messages", recipient={"id": PSID}, sender_action="typing_on"
    )
    assert (reads.status_code, typing.status_code) == (200, 200)
    assert await struck(open_window, 1) == [True]


APP_TOKEN = f"{APP}|{SECRET}"
EXAMPLES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "send": ("POST", "/me/messages", {"recipient": {"id": PSID}, "message": {"text": "hi"}}),
    "sender_action": ("POST", "/me/messages", {"recipient": {"id": PSID}, "sender_action": "typing_on"}),
    "profile": ("GET", f"/{PSID}", {}),
    "conversations": ("GET", f"/{PAGE}/conversations", {}),
    "debug_token": ("GET", "/debug_token", {"input_token": TOKEN, "token": APP_TOKEN}),
    "subscriptions": ("GET", f"/{PAGE}/subscribed_apps", {}),
    "upload": (
        "POST",
        "/me/message_attachments",
        {"message": {"attachment": {"type": "image", "payload": {"url": "https://a.test/a.png"}}}},
    ),
    "messenger_profile": ("GET", "/me/messenger_profile", {"fields": "greeting"}),
    "thread_control": ("GET", f"/{PAGE}/thread_owner", {"recipient": PSID}),
    "setup": ("GET", "/me", {}),
}


@pytest.mark.parametrize("kind", CALLS)
async def test_each_kind_of_call_can_be_struck_alone(open_window: Messenger, kind: str) -> None:
    await open_window.control("/faults", kind="error", code=2, status=503, calls=[kind], page_id=PAGE)
    for other, (method, path, params) in EXAMPLES.items():
        answer = await open_window.graph(method, path, **params)
        assert answer.status_code == (503 if other == kind else 200), other


async def test_all_calls_can_be_struck(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="error", code=2, status=503, calls=["all"])
    for other, (method, path, params) in EXAMPLES.items():
        assert (await open_window.graph(method, path, **params)).status_code == 503, other


async def test_a_fault_is_for_one_page_or_one_person(open_window: Messenger) -> None:
    messenger = open_window
    await messenger.control("/customers", page_id=PAGE, psid=OTHER)
    await messenger.act("say", psid=OTHER, text="me too")
    await messenger.control("/pages", page_id="2", access_token="EAA-2", app_id=APP)
    await messenger.control("/faults", kind="error", code=613, recipient=OTHER)
    await messenger.control("/faults", kind="error", code=4, page_id="2", calls=["setup"])
    assert (await messenger.send()).status_code == 200
    assert error_of(await messenger.send(psid=OTHER)) == (613, None)
    assert (await messenger.graph("GET", "/me")).status_code == 200
    proof = {"token": f"{APP}|{SECRET}", "input_token": "EAA-2"}
    assert (await messenger.graph("GET", "/debug_token", **proof)).status_code == 200
    await messenger.control("/apps", app_id=APP, require_proof=False)
    assert error_of(await messenger.graph("GET", "/me", token="EAA-2")) == (4, None)


async def test_a_dead_token_is_refused_before_any_fault(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="error", code=2, status=503, times=1)
    await open_window.control("/tokens", access_token=TOKEN, invalid_subcode=460)
    assert error_of(await open_window.send()) == (190, 460)
    await open_window.control("/tokens", access_token=TOKEN, invalid_subcode=None)
    assert error_of(await open_window.send()) == (2, None)


async def test_a_refused_call_uses_up_no_fault_that_accepts(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="error", code=1, accept=True, times=1)
    assert error_of(await open_window.send(psid="404")) == (100, 2018001)
    assert error_of(await open_window.send()) == (1, None)
    assert (await open_window.send()).status_code == 200


# -- the ledger --------------------------------------------------------------------------------------------


async def test_every_strike_has_its_line_before_the_decision_that_names_it(open_window: Messenger) -> None:
    fault = await open_window.control("/faults", kind="error", code=1, subcode=99, accept=True, times=1)
    start = open_window.world.graph.seq
    await open_window.send()
    await open_window.settle()
    request, strike, decision, echo = open_window.world.graph.read(after=start)
    number = request["request"]
    assert strike | {"seq": 0, "wall_ms": 0, "sandbox_ms": 0} == {
        "seq": 0,
        "wall_ms": 0,
        "sandbox_ms": 0,
        "line": "fault",
        "fault": fault["id"],
        "kind": "error",
        "fired": 1,
        "request": number,
        "what": "send",
        "page": PAGE,
        "recipient": PSID,
    }
    assert (decision["outcome"], decision["fault"]) == ("accepted", fault["id"])
    assert (decision["shown"], decision["status"]) == ("reply-spoiled", 400)
    assert decision["request"] == echo["request"] == number


async def test_a_name_may_be_cut_inside_an_emoji(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="broken_text", calls=["profile"], times=1)
    answer = await open_window.graph("GET", f"/{PSID}", fields="first_name,last_name,name")
    assert answer.content == (
        b'{"first_name":"Ada\\ud83d","last_name":"Byron","name":"Ada Byron\\ud83d","id":"%s"}' % PSID.encode()
    )
    assert (await open_window.graph("GET", f"/{PSID}", fields="first_name")).json()["first_name"] == "Ada"


async def test_in_a_batch_each_call_is_struck_alone(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="error", code=2, status=503, calls=["profile"], times=1)
    batch = [{"method": "GET", "relative_url": path} for path in (PSID, "me", PSID)]
    answer = await open_window.graph("POST", "/", batch=batch)
    assert [item["code"] for item in answer.json()] == [503, 200, 200]


async def test_a_lost_answer_in_a_batch_loses_the_batch(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="cut", calls=["profile"], times=1)
    batch = [{"method": "GET", "relative_url": path} for path in ("me", PSID)]
    with pytest.raises(Exception, match="cut the connection"):
        await open_window.graph("POST", "/", batch=batch)


async def test_a_strike_in_parallel_is_counted_once_each(open_window: Messenger) -> None:
    await open_window.control("/faults", kind="empty", status=500, times=5)
    answers = await asyncio.gather(*(open_window.send() for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 15 + [500] * 5
