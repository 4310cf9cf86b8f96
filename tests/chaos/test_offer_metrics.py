"""Every metric of work distribution can fail: a whole trial is found whole, each forgery is found out."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from chaos.final_state import FinalState
from chaos.ledgers import Ledgers
from chaos.offer_metrics import OFFER_METRICS

Forge = Callable[[dict[str, Any]], object]


def fact(number: int, kind: str, **data: Any) -> dict[str, Any]:
    return {
        "id": number,
        "at": f"2026-11-20T12:00:{number:02}+00:00",
        "kind": kind,
        "conversation_id": "c1",
        "actor_id": None,
        "data": data,
    }


def whole() -> dict[str, Any]:
    """Two conversations of one agent, who may have two: one accepted and ended, one declined and parked."""
    first = [
        fact(1, "session.started", session_id="o1"),
        fact(2, "offer.made", offer_id="o1", agent_id="mia", origin="push"),
        fact(3, "offer.accepted", offer_id="o1", agent_id="mia"),
        fact(9, "session.closed", session_id="o1"),
    ]
    second = [
        fact(4, "session.started", session_id="o2"),
        fact(5, "offer.made", offer_id="o2", agent_id="mia", origin="push"),
        fact(6, "offer.declined", offer_id="o2", agent_id="mia"),
        fact(7, "session.closed", session_id="o2"),
    ]
    for each in second:
        each["conversation_id"] = "c2"
    answered = {"line": "answered", "agent": "mia", "status": 200}
    return {
        "conversations": [
            {"id": "c1", "status": "closed", "log": first},
            {"id": "c2", "status": "closed", "log": second},
        ],
        "driver": [
            {"line": "hired", "agent": "mia", "units": 2},
            answered | {"conversation": "c1", "action": "accept"},
            answered | {"conversation": "c2", "action": "decline"},
        ],
    }


def found_in(trial: dict[str, Any]) -> set[str]:
    ledgers = Ledgers([], [], trial["driver"], FinalState(trial["conversations"]))
    return {name for name, metric in OFFER_METRICS.items() if list(metric(ledgers))}


def log(trial: dict[str, Any], number: int = 0) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = trial["conversations"][number]["log"]
    return told


FORGERIES: dict[str, tuple[Forge, str]] = {
    "an offer is told twice": (
        lambda trial: log(trial).insert(2, log(trial)[1]),
        "offers against the rules",
    ),
    "an offer has no end": (
        lambda trial: (log(trial, 1).pop(2), trial["driver"].pop(2)),
        "offers against the rules",
    ),
    "an offer ends twice": (
        lambda trial: log(trial, 1).insert(3, log(trial, 1)[2]),
        "offers against the rules",
    ),
    "an agent has one too many": (
        lambda trial: trial["driver"][0].update(units=1),
        "offers against the rules",
    ),
    "an agent is asked too often": (
        lambda trial: log(trial, 1).extend(
            {**each, "id": 10 * time + each["id"], "data": _renamed(each["data"], f"o2-{time}")}
            for time in (1, 2, 3)
            for each in log(whole(), 1)
        ),
        "offers against the rules",
    ),
    "a session begins beside another": (
        lambda trial: log(trial).insert(1, fact(1, "session.started", session_id="o9")),
        "offers against the rules",
    ),
    "a confirmed accept is not told": (
        lambda trial: trial["driver"][1].update(conversation="c2"),
        "false answers to offers",
    ),
    "an accept is confirmed to two": (
        lambda trial: trial["driver"].append(trial["driver"][1] | {"agent": "tom"}),
        "false answers to offers",
    ),
    "another is told to have accepted": (
        lambda trial: log(trial)[2]["data"].update(agent_id="tom"),
        "false answers to offers",
    ),
    "nobody deals with a conversation": (
        lambda trial: trial["conversations"][1].update(status="open"),
        "lost work",
    ),
}


def _renamed(data: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: name if key in {"offer_id", "session_id"} else value for key, value in data.items()}


def test_a_whole_trial_is_whole() -> None:
    assert found_in(whole()) == set()


def test_an_end_that_is_taken_back_and_told_another_way_has_freed_the_slot() -> None:
    """Between a discarded task and its retry the agent's place was given to another conversation."""
    trial = whole()
    trial["driver"][0].update(units=1)
    retried = [
        fact(10, "event.retracted", event_id=3),
        fact(11, "session.closed", session_id="o1"),
    ]
    first = [
        fact(0, "session.started", session_id="o1"),
        fact(1, "offer.made", offer_id="o1", agent_id="mia", origin="push"),
        fact(2, "offer.accepted", offer_id="o1", agent_id="mia"),
        fact(3, "session.closed", session_id="o1"),
        *retried,
    ]
    trial["conversations"][0]["log"] = first
    assert found_in(trial) == set()

    first.remove(retried[0])
    first.pop(3)
    assert found_in(trial) == {"offers against the rules"}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_each_forgery_is_found(forgery: str) -> None:
    forge, metric = FORGERIES[forgery]
    trial = deepcopy(whole())
    forge(trial)
    assert found_in(trial) == {metric}


def test_every_metric_has_a_forgery() -> None:
    assert {metric for _, metric in FORGERIES.values()} == OFFER_METRICS.keys()
