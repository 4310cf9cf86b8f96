"""F16, F17, F18, F19, F22, F23: Meta's answers and echoes go wrong. What is told of each message is true."""

import contextlib
from typing import Any

import pytest

from chaos.ledgers import Ledgers
from chaos.loads import Load
from chaos.trial import MUTE, Trial

Faults = list[dict[str, Any]]

_ANSWERS: dict[str, dict[str, Any]] = {
    "cut before a byte": {"kind": "cut", "at": "start"},
    "cut by a reset": {"kind": "cut", "at": "start", "reset": True},
    "cut after the headers": {"kind": "cut", "at": "headers"},
    "cut in the body": {"kind": "cut", "at": "body"},
    "hang": {"kind": "hang", "seconds": 120},
    "error 1": {"kind": "error", "code": 1},
    "error 1200": {"kind": "error", "code": 1200},
    "500": {"kind": "error", "code": 2, "status": 500},
    "502 of HTML": {"kind": "html", "status": 502},
    "503 of nothing": {"kind": "empty", "status": 503},
    "504": {"kind": "html", "status": 504},
    "slow drip": {"kind": "drip", "bytes": 1, "pause_s": 1.0},
    "broken JSON": {"kind": "broken_json", "status": 200},
    "no UTF-8": {"kind": "unreadable", "status": 200},
    "truncated": {"kind": "truncated"},
    "HTML for an answer": {"kind": "html", "status": 200},
    "200 with an error": {"kind": "error", "code": 2, "status": 200},
    "200 with half an error": {"kind": "error", "code": 2, "status": 200, "wrapped": False},
}
_ECHOES: dict[str, Faults] = {
    "echo early": [{"kind": "echo_early"}],
    "echo late": [{"kind": "echo_late", "seconds": 5}],
    "echo twice": [{"kind": "echo_again"}],
    "echo early and twice, answer lost": [
        {"kind": "echo_early"},
        {"kind": "echo_again"},
        {"kind": "cut", "accept": True},
    ],
    "echo never": [{"kind": "echo_never"}],
    "echo in standby": [{"kind": "echo_standby"}],
    "echo of another app": [{"kind": "echo_other_app"}],
    "echo without metadata": [{"kind": "echo_no_metadata"}],
}
_GONE = ("blocked", "unavailable", "deleted")


def _cases(*, echoes: bool) -> dict[str, Faults]:
    """Every case by its name: the faults that strike the reply to one person."""
    after = {f"{name}, accepted": [fault | {"accept": True}] for name, fault in _ANSWERS.items()}
    before = {f"{name}, not accepted": [fault] for name, fault in _ANSWERS.items() if _has_before(fault)}
    return after | before | (_ECHOES if echoes else {})


def _has_before(fault: dict[str, Any]) -> bool:
    """An answer that is spoilt needs a true one, or a status of its own, to be spoilt."""
    return fault["kind"] in {"cut", "hang"} or (fault.get("status", 200) >= 500 or fault["kind"] == "error")


@pytest.mark.parametrize(
    "tells",
    [
        "by echoes",
        pytest.param("in its conversations", marks=pytest.mark.chaos),
        pytest.param("nothing", marks=pytest.mark.chaos),
    ],
)
async def test_f16_to_f23_every_bad_answer_while_meta_tells(trial: Trial, load: Load, tells: str) -> None:
    cases = _cases(echoes=tells == "by echoes")
    talks = await trial.talking(len(cases) + len(_GONE))
    people = list(talks.items())
    trial.dice.shuffle(people)
    async with contextlib.AsyncExitStack() as stack:
        if tells == "in its conversations":
            await stack.enter_async_context(trial.faults(MUTE))
        elif tells == "nothing":
            await stack.enter_async_context(trial.blind())
        for (person, _), case in zip(people, cases, strict=False):
            wanted = [fault | {"recipient": person.psid, "times": 1} for fault in cases[case]]
            await stack.enter_async_context(trial.faults(*wanted))
            trial.struck(case)
        for (person, _), state in zip(people[len(cases) :], _GONE, strict=True):
            await trial.leave(person, state)
            trial.struck(f"customer {state}")
        # Meta lets a Page's conversations be read twice a second.
        pause_s = 0.5 if tells == "in its conversations" else 0
        said = await trial.replies.to_all([talk for _, talk in people], pause_s=pause_s)
        ledgers = await trial.verify(parked=load.parked or tells == "in its conversations")
    shown = _statuses(ledgers)
    assert [shown[each] for each in said[len(cases) :]] == ["failed"] * len(_GONE)
    assert _requests(ledgers, said[len(cases) :]) == len(_GONE)


async def test_f16_one_reply_in_ten_is_lost_after_meta_has_it(trial: Trial, load: Load) -> None:
    talks = await trial.talking(load.talks // 2)
    lost = {"kind": "cut", "accept": True, "probability": 0.1, "seed": trial.dice.getrandbits(32)}
    async with trial.faults(lost) as (fault,):
        said = [
            message_id
            for _ in range(5 * load.rounds)
            for message_id in await trial.replies.to_all(list(talks.values()))
        ]
        trial.struck("one in ten")
        ledgers = await trial.verify()
        assert await trial.has_fired(fault)
    shown = _statuses(ledgers)
    assert {shown[each] for each in said} <= {"sent", "delivered", "read"}


def _statuses(ledgers: Ledgers) -> dict[str, str]:
    return {
        message["id"]: message["status"]
        for conversation in ledgers.final.conversations
        for message in conversation["messages"]
    }


def _requests(ledgers: Ledgers, message_ids: list[str]) -> int:
    """How often Meta was asked to send these."""
    wanted = {f"pd1:{each}" for each in message_ids}
    return sum(line["line"] == "request" and line.get("metadata") in wanted for line in ledgers.graph)
