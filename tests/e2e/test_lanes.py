"""One page throttled, hung or dead: what is said for the others is as quick as ever."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

import worker
from support.eventually import eventually
from support.store import PAGE_A, PAGE_B
from support.whole import Whole, whole_product

pytestmark = pytest.mark.dev_server

# Small, so that few conversations show what many would: the lane holds 4 + 8, the worker 30.
LANE = 4
ACTIVITIES = 30
CONVERSATIONS = 36
NO_LANE = 10_000

SHOTS_EACH = 6
AT_A_TIME = 3
FLOOR_SECONDS = 4.0
"""Below it a busy machine's noise is larger than what is looked for: without lanes it is a dozen."""

HANGS: dict[str, Any] = {"kind": "hang", "seconds": 20}
THROTTLED: dict[str, Any] = {"kind": "throttle", "code": 613}
DEAD: dict[str, Any] = {"kind": "error", "code": 190, "subcode": 463}


@contextlib.asynccontextmanager
async def product(data_dir: Path, dev_server: str, lane: int = LANE) -> AsyncIterator[Whole]:
    engine = await Client.connect(dev_server)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAGEDESK_ACTIVITIES_AT_ONCE", str(ACTIVITIES))
        patch.setattr(worker, "WIDTH", lane)
        async with whole_product(data_dir, engine) as whole:
            yield whole


async def greeted(whole: Whole, within: float = 30.0) -> float:
    """Seconds from a new customer's message on page B until the greeting is at Meta."""
    psid = await whole.customer(PAGE_B)
    began = time.monotonic()
    await whole.says(psid, page_id=PAGE_B)
    wait = {"what": "send", "recipient": psid, "page": PAGE_B, "timeout": within}
    (await whole.meta.post("/_sandbox/wait", json=wait)).raise_for_status()
    return time.monotonic() - began


async def p95(whole: Whole) -> float:
    """Of some shots, a few at a time. One is let go by: a busy machine has its moments."""

    async def some() -> list[float]:
        return [await greeted(whole) for _ in range(SHOTS_EACH)]

    taken = await asyncio.gather(*(some() for _ in range(AT_A_TIME)))
    return sorted(itertools.chain(*taken))[-2]


def bound(alone: float) -> float:
    """What the other page may take."""
    return max(2 * alone, FLOOR_SECONDS)


@contextlib.asynccontextmanager
async def page_a_fails(whole: Whole, fault: dict[str, Any]) -> AsyncIterator[list[str]]:
    """Page A's calls fail like this, and many conversations want to send; whose they are."""
    (await whole.meta.post("/_sandbox/faults", json={**fault, "page_id": PAGE_A})).raise_for_status()
    psids = [await whole.customer(PAGE_A) for _ in range(CONVERSATIONS)]
    await asyncio.gather(*(whole.says(psid, page_id=PAGE_A) for psid in psids))

    async def all_waiting() -> bool:
        listed = (await whole.api.get("/v1/conversations", params={"page_id": PAGE_A, "limit": 100})).json()
        return len(listed["items"]) == CONVERSATIONS

    await eventually(all_waiting, within=30)
    yield psids
    (await whole.meta.delete("/_sandbox/faults")).raise_for_status()


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(HANGS, id="f18-hung"),
        pytest.param(THROTTLED | {"regain_minutes": 2}, id="f20-throttled-with-usage-headers"),
        pytest.param(DEAD, id="dead-token"),
    ],
)
async def test_with_one_page_failing_the_others_are_as_quick_as_ever(
    tmp_path: Path, dev_server: str, fault: dict[str, Any]
) -> None:
    async with product(tmp_path, dev_server) as whole:
        alone = await p95(whole)
        async with page_a_fails(whole, fault):
            beside = await p95(whole)
    assert beside <= bound(alone), (alone, beside)


async def test_without_lanes_it_would_be_seen(tmp_path: Path, dev_server: str) -> None:
    async with product(tmp_path, dev_server, NO_LANE) as whole, page_a_fails(whole, HANGS):
        assert await p95(whole) > FLOOR_SECONDS


async def test_f20_what_was_throttled_is_sent_once_and_the_others_are_as_quick_as_ever(
    tmp_path: Path, dev_server: str
) -> None:
    async with product(tmp_path, dev_server) as whole:
        alone = await p95(whole)
        async with page_a_fails(whole, THROTTLED | {"headers": []}) as psids:
            beside = await p95(whole)
        assert beside <= bound(alone), (alone, beside)

        async def sent_to(psid: str) -> int:
            thread = (await whole.meta.get(f"/_sandbox/threads/{PAGE_A}/{psid}")).json()
            return len(thread["messages"]) - 1

        async def all_sent() -> bool:
            return min([await sent_to(psid) for psid in psids]) >= 1

        await eventually(all_sent, within=60)
        assert [await sent_to(psid) for psid in psids] == [1] * CONVERSATIONS
