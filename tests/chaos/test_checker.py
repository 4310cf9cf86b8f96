"""Every metric can fail: a whole trial is found whole, and each forgery of it is found out."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from chaos.checker import METRICS, check
from chaos.final_state import FinalState
from chaos.ledgers import Ledgers
from chaos.offer_metrics import OFFER_METRICS
from chaos.send_metrics import SEND_METRICS

PAGE, PSID = "108823774519302", "7421908834567012"
FIRST, SECOND = "m_first", "m_second"
GREETING, GREETING_MID = "greeting-id", "m_greeting"
NOON_MS = 1_795_176_000_000
NOON = "2026-11-20T12:00:00Z"


def attempt(mid: str, *, at_ms: int, result: str = "2xx", kind: str = "message") -> dict[str, Any]:
    event = {"key": f"{PAGE}:{kind}:{mid}", "kind": kind, "mid": mid, "customer": PSID, "time": at_ms}
    return {"result": result, "events": [event], "wall_ms": at_ms + 20, "ms": 10}


def inbound(mid: str, second: int) -> dict[str, Any]:
    return {
        "id": f"id-of-{mid}",
        "mid": mid,
        "direction": "inbound",
        "sender_kind": "customer",
        "kind": "message",
        "status": None,
        "text": f"text of {mid}",
        "occurred_at": f"2026-11-20T12:00:0{second}Z",
    }


def fact(kind: str, message_id: str | None, **data: Any) -> dict[str, Any]:
    return {"kind": kind, "message_id": message_id, "data": data}


def send(metadata: str, number: int) -> list[dict[str, Any]]:
    asked = {"metadata": metadata, "page": PAGE, "recipient": PSID, "tag": None}
    instants = {"wall_ms": NOON_MS + 2000, "sandbox_ms": NOON_MS + 2000}
    return [
        {"line": "request", "request": number, "seq": 2 * number, **asked, **instants},
        {"line": "decision", "request": number, "mid": GREETING_MID, "outcome": "accepted", "shown": "reply"},
    ]


def whole() -> dict[str, Any]:
    """Two messages of one customer, their conversation and its greeting, in all four ledgers."""
    receipt = attempt("", at_ms=NOON_MS + 3000, kind="delivery")
    receipt["events"][0]["key"] = f"{PAGE}:delivery:{PSID}:{NOON_MS + 3000}"
    greeting = inbound(GREETING_MID, 2) | {
        "id": GREETING,
        "direction": "outbound",
        "sender_kind": "automatic",
        "kind": "greeting",
        "status": "delivered",
    }
    conversation = {
        "id": "c1",
        "page_id": PAGE,
        "customer": {"psid": PSID},
        "opened_at": NOON,
        "closed_at": None,
        "messages": [inbound(FIRST, 0), inbound(SECOND, 1), greeting],
        "timeline": [
            fact("conversation.opened", f"id-of-{FIRST}"),
            fact("message.received", f"id-of-{FIRST}"),
            fact("message.received", f"id-of-{SECOND}"),
            fact("session.started", None, session_id="s1"),
        ],
    }
    wrote = {"line": "wrote", "page": PAGE, "customer": PSID}
    return {
        "meta": [
            attempt(FIRST, at_ms=NOON_MS),
            attempt(SECOND, at_ms=NOON_MS + 1000, result="no-answer"),
            attempt(SECOND, at_ms=NOON_MS + 1000),
            receipt,
        ],
        "graph": send(f"pd1:{GREETING}", 1),
        "driver": [wrote | {"mid": FIRST}, wrote | {"mid": SECOND}],
        "conversations": [conversation],
        "unrouted": [{"inbox_id": 7, "disposition": "kept", "reason": "an opt-in"}],
        "unfinished": [],
    }


def violations(trial: dict[str, Any]) -> set[str]:
    final = FinalState(trial["conversations"], trial["unrouted"], trial["unfinished"])
    ledgers = Ledgers(trial["meta"], trial["graph"], trial["driver"], final)
    return {name for name, found in check(ledgers).items() if found}


def the(trial: dict[str, Any]) -> Any:
    return trial["conversations"][0]


def lose_an_acked_message(trial: dict[str, Any]) -> None:
    del the(trial)["messages"][1], the(trial)["timeline"][2], trial["driver"][1]


def lose_a_receipt(trial: dict[str, Any]) -> None:
    the(trial)["messages"][2]["status"] = "sent"


def lose_a_message_that_was_never_acked(trial: dict[str, Any]) -> None:
    del the(trial)["messages"][1], the(trial)["timeline"][2], trial["meta"][2]


def record_a_message_twice(trial: dict[str, Any]) -> None:
    the(trial)["messages"].insert(1, inbound(FIRST, 0) | {"id": "another id"})
    the(trial)["timeline"].append(fact("message.received", "another id"))


def take_an_own_echo_for_an_outside_message(trial: dict[str, Any]) -> None:
    the(trial)["messages"].append(the(trial)["messages"][2] | {"id": "echo", "sender_kind": "outside"})


def receive_a_message_twice(trial: dict[str, Any]) -> None:
    the(trial)["timeline"].append(fact("message.received", f"id-of-{FIRST}"))


def never_tell_the_conversation(trial: dict[str, Any]) -> None:
    del the(trial)["timeline"][2]


def open_a_conversation_twice(trial: dict[str, Any]) -> None:
    the(trial)["timeline"].append(fact("conversation.opened", f"id-of-{SECOND}"))


def open_a_phantom(trial: dict[str, Any]) -> None:
    phantom = deepcopy(the(trial)) | {"id": "c2", "messages": [], "opened_at": "2026-11-20T13:00:00Z"}
    phantom["timeline"] = [fact("conversation.opened", f"id-of-{SECOND}")]
    the(trial)["closed_at"] = "2026-11-20T12:30:00Z"
    trial["conversations"].append(phantom)


def open_two_for_one_message(trial: dict[str, Any]) -> None:
    open_a_phantom(trial)
    trial["conversations"][1]["messages"] = [the(trial)["messages"].pop(1)]
    trial["conversations"][1]["timeline"] = [
        fact("conversation.opened", f"id-of-{FIRST}"),
        the(trial)["timeline"].pop(2),
    ]


def start_a_session_twice(trial: dict[str, Any]) -> None:
    the(trial)["timeline"].append(fact("session.started", None, session_id="s1"))


def greet_twice(trial: dict[str, Any]) -> None:
    trial["graph"] += send(f"pd1:{GREETING}", 2)


def greet_out_of_nowhere(trial: dict[str, Any]) -> None:
    trial["graph"] += send("pd1:nobody-knows-this-id", 2)


def lose_what_was_acked_before_the_kill(trial: dict[str, Any]) -> None:
    lose_an_acked_message(trial)
    trial["driver"].append({"line": "killed", "everything": True, "wall_ms": NOON_MS + 1020})


def show_against_metas_time(trial: dict[str, Any]) -> None:
    the(trial)["messages"][0:2] = the(trial)["messages"][1::-1]


def show_against_arrival(trial: dict[str, Any]) -> None:
    show_against_metas_time(trial)
    for line in trial["meta"][:3]:
        line["events"][0]["time"] = NOON_MS


def have_two_open_at_once(trial: dict[str, Any]) -> None:
    open_a_phantom(trial)
    the(trial)["closed_at"] = None
    second = trial["conversations"][1]
    second["messages"], second["timeline"][1:] = (
        [the(trial)["messages"].pop(1)],
        [the(trial)["timeline"].pop(2)],
    )


def leave_work_undone(trial: dict[str, Any]) -> None:
    trial["unfinished"].append("inbox read up to 6 of 7")


def leave_a_send_under_way(trial: dict[str, Any]) -> None:
    the(trial)["messages"][2]["status"] = "sending"
    del trial["meta"][3]


def leave_an_event_quarantined(trial: dict[str, Any]) -> None:
    trial["unrouted"][0]["disposition"] = "quarantined"


def leave_a_replay_waiting(trial: dict[str, Any]) -> None:
    trial["unrouted"][0]["disposition"] = "replaying"


FORGERIES: list[tuple[Callable[[dict[str, Any]], None], set[str]]] = [
    (lose_an_acked_message, {"inbound loss"}),
    (lose_a_receipt, {"inbound loss"}),
    (lose_a_message_that_was_never_acked, {"inbound eventual loss"}),
    (record_a_message_twice, {"inbound duplicates"}),
    (take_an_own_echo_for_an_outside_message, {"inbound duplicates"}),
    (receive_a_message_twice, {"inbound double effects"}),
    (never_tell_the_conversation, {"inbound double effects"}),
    (open_a_conversation_twice, {"inbound double effects"}),
    (open_a_phantom, {"inbound double effects"}),
    (open_two_for_one_message, {"inbound double effects"}),
    (start_a_session_twice, {"inbound double effects"}),
    (greet_twice, {"inbound double effects", "outbound duplicates", "blind repeats"}),
    (greet_out_of_nowhere, {"inbound double effects"}),
    (lose_what_was_acked_before_the_kill, {"inbound loss", "false acks"}),
    (show_against_metas_time, {"order inversions"}),
    (show_against_arrival, {"order inversions"}),
    (have_two_open_at_once, {"conversation splits"}),
    (leave_work_undone, {"stuck"}),
    (leave_a_send_under_way, {"stuck"}),
    (leave_an_event_quarantined, {"quarantined"}),
    (leave_a_replay_waiting, {"quarantined"}),
]


def test_a_whole_trial_is_found_whole() -> None:
    assert violations(whole()) == set()


@pytest.mark.parametrize(("forge", "found"), FORGERIES, ids=[forge.__name__ for forge, _ in FORGERIES])
def test_a_forgery_is_found_out(forge: Callable[[dict[str, Any]], None], found: set[str]) -> None:
    trial = whole()
    forge(trial)
    assert violations(trial) == found


def test_every_metric_has_a_forgery() -> None:
    forged = {name for _, found in FORGERIES for name in found}
    assert forged >= METRICS.keys() - SEND_METRICS.keys() - OFFER_METRICS.keys()


def test_what_was_acked_after_the_kill_is_no_false_ack() -> None:
    trial = whole()
    lose_an_acked_message(trial)
    trial["driver"].append({"line": "killed", "everything": True, "wall_ms": NOON_MS})
    assert violations(trial) == {"inbound loss"}


def test_equal_times_whose_arrival_is_uncertain_may_be_shown_in_either_order() -> None:
    trial = whole()
    show_against_arrival(trial)
    for line in trial["meta"][:3]:
        line["wall_ms"], line["ms"] = NOON_MS + 50, 40
    assert violations(trial) == set()
