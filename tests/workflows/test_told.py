"""Time does not skip while events are on their way; a workflow that was told of them is enough."""

from pathlib import Path

import httpx
import pytest
from temporalio.testing import WorkflowEnvironment

from local.time_travel.external_activity import DeskOutside
from support.desk import Desk, make_desk
from support.store import make_settings

pytestmark = pytest.mark.time_skipping


async def on_their_way(desk: Desk) -> bool:
    """As the time machine sees it; the sandbox plans nothing."""
    at_rest = httpx.MockTransport(lambda _: httpx.Response(200, json={"due_ms": None}))
    async with httpx.AsyncClient(transport=at_rest, base_url="http://sandbox.test") as sandbox:
        outside = await DeskOutside(desk.store, desk.inbox_store, sandbox, desk.client)()
    return any("on their way to their conversations" in each for each in outside.busy)


@pytest.mark.parametrize("told_before", [False, True], ids=["with-the-start", "by-signal"])
async def test_what_no_worker_has_applied_is_told_all_the_same(
    tmp_path: Path, env: WorkflowEnvironment, *, told_before: bool
) -> None:
    desk = await make_desk(make_settings(tmp_path), env.client)
    now = await env.get_current_time()
    (routed,) = await desk.take({"message": {"mid": "m_first", "text": "hello"}}, now)
    assert await on_their_way(desk)
    await desk.signal(routed, told_before=told_before)
    assert not await on_their_way(desk)
    await (await desk.handle()).terminate()
    await desk.close()
