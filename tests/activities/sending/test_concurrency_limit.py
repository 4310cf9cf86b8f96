"""A page's lane: who goes, who waits, who is sent away, and how wide it is."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta

import pytest

from activities.sending import concurrency_limit as module
from activities.sending.concurrency_limit import LaneFullError, Lanes

A, B = "page-a", "page-b"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


class Caller:
    """Calls that stay under way until they are let go."""

    def __init__(self, lanes: Lanes, page_id: str = A) -> None:
        self._lanes = lanes
        self._page_id = page_id
        self._ends: dict[str, asyncio.Event] = {}
        self.begun: list[str] = []

    def begin(self, name: str, *, answered: bool = True) -> "asyncio.Task[None]":
        async def call() -> None:
            async with self._lanes.turn(self._page_id, lambda: NOW) as lane:
                self.begun.append(name)
                self._ends[name] = asyncio.Event()
                await self._ends[name].wait()
                if answered:
                    lane.answered()
                else:
                    lane.went_unanswered()

        return asyncio.create_task(call())

    async def end(self, *names: str) -> None:
        for name in names:
            self._ends[name].set()
        await settled()

    async def end_all(self) -> None:
        while not all(end.is_set() for end in self._ends.values()):
            await self.end(*self._ends)


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_so_many_go_and_the_others_follow_in_the_order_of_their_coming() -> None:
    caller = Caller(Lanes(2))
    tasks = [caller.begin(name) for name in "abcd"]
    await settled()
    assert caller.begun == ["a", "b"]
    await caller.end("b")
    assert caller.begun == ["a", "b", "c"]
    await caller.end("a")
    assert caller.begun == ["a", "b", "c", "d"]
    await caller.end_all()
    await asyncio.gather(*tasks)


async def test_nobody_passes_those_who_wait() -> None:
    caller = Caller(Lanes(1))
    tasks = [caller.begin("a"), caller.begin("b")]
    await settled()
    await caller.end("a")
    tasks.append(caller.begin("c"))
    await settled()
    assert caller.begun == ["a", "b"]
    await caller.end("b")
    await caller.end_all()
    await asyncio.gather(*tasks)
    assert caller.begun == ["a", "b", "c"]


async def test_one_page_does_not_wait_for_another() -> None:
    lanes = Lanes(1)
    busy, free = Caller(lanes, A), Caller(lanes, B)
    tasks = [busy.begin("a"), busy.begin("b"), free.begin("c")]
    await settled()
    assert (busy.begun, free.begun) == (["a"], ["c"])
    await free.end_all()
    await busy.end_all()
    await asyncio.gather(*tasks)


async def test_a_full_line_sends_away_one_after_the_other() -> None:
    caller = Caller(Lanes(1, per_second=10))
    tasks = [caller.begin(name) for name in "abc"]
    await settled()
    waits = []
    for _ in range(3):
        with pytest.raises(LaneFullError) as full:
            await caller.begin("more")
        waits.append(full.value.until - NOW)
    assert waits[0] >= timedelta(seconds=3)
    assert [round((b - a) / timedelta(seconds=1), 1) for a, b in itertools.pairwise(waits)] == [
        0.1,
        0.1,
    ]
    await caller.end_all()
    await asyncio.gather(*tasks)


async def test_a_line_that_does_not_move_sends_away_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TIMEOUT", timedelta(milliseconds=20))
    caller = Caller(Lanes(1))
    first = caller.begin("a")
    with pytest.raises(LaneFullError):
        await caller.begin("b")
    await caller.end_all()
    await first
    assert caller.begun == ["a"]


async def test_who_is_cancelled_in_line_or_with_its_turn_leaves_no_gap() -> None:
    caller = Caller(Lanes(1))
    tasks = [caller.begin(name) for name in "abc"]
    await settled()
    tasks[1].cancel()
    await settled()
    caller._ends["a"].set()
    await caller.end("a")
    assert caller.begun == ["a", "c"]
    last = caller.begin("d")
    await settled()
    caller._ends["c"].set()  # its turn comes in the same moment as its cancellation
    last.cancel()
    more = caller.begin("e")
    await settled()
    assert caller.begun == ["a", "c", "e"]
    await caller.end_all()
    await asyncio.gather(*tasks, last, more, return_exceptions=True)


async def test_lost_calls_make_it_narrow_and_answers_wide_again() -> None:
    lanes = Lanes(4)
    caller = Caller(lanes)
    tasks = [caller.begin(name, answered=False) for name in "abc"]
    await settled()
    await caller.end("a", "b", "c")
    tasks.append(caller.begin("d"))
    await settled()
    with pytest.raises(LaneFullError):  # nobody waits in line for a page that does not answer
        await caller.begin("e")
    await caller.end("d")
    tasks += [caller.begin(name) for name in "fgh"]
    await settled()
    assert caller.begun == ["a", "b", "c", "d", "f", "g"]
    await caller.end_all()
    await asyncio.gather(*tasks)


async def test_nobody_waits_in_line_where_nothing_was_answered_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_SILENT_AFTER", 0.02)
    caller = Caller(Lanes(2))
    tasks = [caller.begin("a"), caller.begin("b")]
    await asyncio.sleep(0.03)
    with pytest.raises(LaneFullError):
        await caller.begin("c")
    await caller.end("a")
    tasks.append(caller.begin("d"))
    waiting = caller.begin("e")
    await settled()
    assert not waiting.done()
    await caller.end_all()
    await asyncio.gather(*tasks, waiting)


async def test_the_longer_a_page_is_silent_the_later_its_calls_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_LINE", 0)
    lanes = Lanes(1)
    caller = Caller(lanes)
    waits = []
    for number in range(5):
        task = caller.begin(f"{number}", answered=False)
        await settled()
        with pytest.raises(LaneFullError) as full:
            await caller.begin("more")
        waits.append(full.value.until - NOW)
        await caller.end_all()
        await task
    assert waits == sorted(waits)
    assert waits[-1] < timedelta(seconds=31)


async def test_a_lane_at_rest_is_forgotten() -> None:
    lanes = Lanes(2)
    for _ in range(3):
        async with lanes.turn(A, lambda: NOW) as lane:
            lane.answered()
    assert not lanes._lanes


async def test_who_waits_for_a_pause_comes_back_after_it_and_one_by_one() -> None:
    async with Lanes(2).turn(A, lambda: NOW) as lane:
        waits = [lane.place(NOW, NOW + timedelta(minutes=5)) - NOW for _ in range(3)]
    assert waits[0] >= timedelta(minutes=5)
    assert {(b - a) for a, b in itertools.pairwise(waits)} == {timedelta(milliseconds=250)}
