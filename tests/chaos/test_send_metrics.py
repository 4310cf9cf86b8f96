"""Every metric of the way out can fail: a whole trial is found whole, each forgery of it is found out."""

from collections.abc import Callable
from typing import Any

import pytest

from chaos.final_state import FinalState
from chaos.ledgers import Ledgers
from chaos.send_metrics import SEND_METRICS

PAGE, PSID = "108823774519302", "7421908834567012"
NOON_MS = 1_795_176_000_000
DAY_MS = 24 * 60 * 60 * 1000


class Trial:
    """Three replies of one conversation: two arrived, the outcome of the third nobody knows."""

    def __init__(self) -> None:
        opening = {"key": f"{PAGE}:message:m_in", "kind": "message", "customer": PSID, "time": NOON_MS}
        self.meta: list[dict[str, Any]] = [{"result": "2xx", "events": [opening], "wall_ms": NOON_MS}]
        self.graph: list[dict[str, Any]] = []
        self.driver: list[dict[str, Any]] = []
        self.messages: dict[str, dict[str, Any]] = {}
        self.listed = {"three"}
        for message_id, status in (("one", "delivered"), ("two", "sent"), ("three", "unknown")):
            self.replied(message_id)
            self.shows(message_id, status)
        self.asks("one", mid="m_one")
        self.asks("two", mid="m_two")
        self.asks("three", shown="reply-dropped")

    def replied(self, message_id: str, *, key: str | None = None, status: int = 201) -> None:
        line = {"line": "replied", "key": key or message_id, "conversation": "c1", "status": status}
        self.driver.append(line | {"message": message_id})

    def shows(self, message_id: str, status: str, text: str | None = None) -> None:
        self.messages[message_id] = {
            "id": message_id,
            "direction": "outbound",
            "sender_kind": "agent",
            "status": status,
            "text": text or f"reply {message_id}",
        }

    def asks(
        self,
        message_id: str,
        *,
        mid: str | None = None,
        shown: str = "reply",
        outcome: str = "not_accepted",
        at_ms: int = NOON_MS + 1000,
        tag: str | None = None,
        subcode: int | None = None,
    ) -> None:
        number = len(self.graph)
        who = {"metadata": f"pd1:{message_id}", "page": PAGE, "recipient": PSID, "tag": tag}
        instants = {"seq": number, "wall_ms": at_ms, "sandbox_ms": at_ms}
        self.graph.append({"line": "request", "request": number, **who, **instants})
        decided = {"outcome": "accepted", "mid": mid} if mid else {"outcome": outcome, "subcode": subcode}
        self.graph.append({"line": "decision", "request": number, "shown": shown, **decided})

    def violations(self) -> set[str]:
        conversation = {"id": "c1", "messages": list(self.messages.values())}
        final = FinalState([conversation], listed_unknown=frozenset(self.listed))
        ledgers = Ledgers(self.meta, self.graph, self.driver, final)
        return {name for name, metric in SEND_METRICS.items() if list(metric(ledgers))}


def send_twice(trial: Trial) -> None:
    trial.asks("one", mid="m_again")


def send_again_what_may_have_arrived(trial: Trial) -> None:
    trial.asks("three", shown="reply-dropped")


def send_again_what_died_undecided(trial: Trial) -> None:
    del trial.graph[-1]
    trial.asks("three", shown="reply-dropped")


def lose_a_reply(trial: Trial) -> None:
    trial.replied("four")


def leave_a_reply_queued(trial: Trial) -> None:
    trial.replied("four")
    trial.shows("four", "queued")


def believe_that_it_arrived(trial: Trial) -> None:
    trial.messages["three"]["status"] = "delivered"


def believe_that_it_failed(trial: Trial) -> None:
    trial.messages["two"]["status"] = "failed"


def never_learn_that_it_arrived(trial: Trial) -> None:
    trial.messages["two"]["status"] = "unknown"
    trial.listed.add("two")


def hide_what_is_unknown(trial: Trial) -> None:
    trial.listed.clear()


def make_two_messages_of_one_key(trial: Trial) -> None:
    trial.replied("four", key="one")
    trial.shows("four", "sent")
    trial.asks("four", mid="m_four")


def make_a_second_row_of_one_text(trial: Trial) -> None:
    trial.shows("four", "sent", text="reply one")
    trial.asks("four", mid="m_four")


def send_a_day_later(trial: Trial) -> None:
    trial.messages["three"]["status"] = "sent"
    trial.graph = trial.graph[:-2]
    trial.asks("three", mid="m_three", at_ms=NOON_MS + DAY_MS)


def send_eight_days_later_with_the_tag(trial: Trial) -> None:
    trial.messages["three"]["status"] = "sent"
    trial.graph = trial.graph[:-2]
    trial.asks("three", mid="m_three", at_ms=NOON_MS + 8 * DAY_MS, tag="HUMAN_AGENT")


def try_outside_of_the_window(trial: Trial) -> None:
    trial.replied("four")
    trial.shows("four", "failed")
    trial.asks("four", outcome="rejected", subcode=2018278)


def swap_two_replies(trial: Trial) -> None:
    trial.driver[0], trial.driver[1] = trial.driver[1], trial.driver[0]


FORGERIES: list[tuple[Callable[[Trial], None], set[str]]] = [
    (send_twice, {"outbound duplicates", "blind repeats"}),
    (send_again_what_may_have_arrived, {"blind repeats"}),
    (send_again_what_died_undecided, {"blind repeats"}),
    (lose_a_reply, {"outbound loss"}),
    (leave_a_reply_queued, {"outbound loss"}),
    (believe_that_it_arrived, {"false sent", "outbound loss"}),
    (believe_that_it_failed, {"false failed"}),
    (never_learn_that_it_arrived, {"unresolved unknown"}),
    (hide_what_is_unknown, {"unlisted unknown"}),
    (make_two_messages_of_one_key, {"double commands"}),
    (make_a_second_row_of_one_text, {"double commands"}),
    (send_a_day_later, {"policy breaches"}),
    (send_eight_days_later_with_the_tag, {"policy breaches"}),
    (try_outside_of_the_window, {"policy breaches"}),
    (swap_two_replies, {"order of sends"}),
]


def test_a_whole_trial_is_found_whole() -> None:
    assert Trial().violations() == set()


@pytest.mark.parametrize(("forge", "found"), FORGERIES, ids=[forge.__name__ for forge, _ in FORGERIES])
def test_a_forgery_is_found_out(forge: Callable[[Trial], None], found: set[str]) -> None:
    trial = Trial()
    forge(trial)
    assert trial.violations() == found


def test_every_metric_has_a_forgery() -> None:
    assert {name for _, found in FORGERIES for name in found} == set(SEND_METRICS)


def test_what_was_refused_may_be_tried_again() -> None:
    trial = Trial()
    trial.replied("four")
    trial.shows("four", "sent")
    trial.asks("four", outcome="rejected")
    trial.asks("four", mid="m_four")
    assert trial.violations() == set()


def test_what_arrived_while_meta_told_nothing_may_stay_unknown_but_is_listed() -> None:
    trial = Trial()
    never_learn_that_it_arrived(trial)
    trial.driver.append({"line": "blind", "wall_ms": NOON_MS})
    assert trial.violations() == set()
    trial.driver.append({"line": "seeing", "wall_ms": NOON_MS + 500})
    assert trial.violations() == {"unresolved unknown"}


def test_the_tag_has_seven_days() -> None:
    trial = Trial()
    trial.messages["three"]["status"] = "sent"
    trial.graph = trial.graph[:-2]
    trial.asks("three", mid="m_three", at_ms=NOON_MS + 6 * DAY_MS, tag="HUMAN_AGENT")
    assert trial.violations() == set()


def test_a_reply_that_was_only_kept_has_no_place_in_the_order_yet() -> None:
    trial = Trial()
    swap_two_replies(trial)
    trial.driver[0]["status"] = 202
    assert trial.violations() == set()
