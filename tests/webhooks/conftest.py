"""One API and one relay for all bad input, and what must hold of them at the end of it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from support.accounts import write_accounts
from support.deliveries import POISONOUS_PSID, body_of, new_psid, text_event
from support.store import make_settings
from support.way_in import WayIn, way_in_of

MAX_GROWTH_BYTES = 50 * 1024 * 1024


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def way_in(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WayIn]:
    """The running way in. When all is over: alive, no exception, no 5xx, hardly more memory."""
    settings = make_settings(tmp_path_factory.mktemp("way-in"))
    write_accounts(settings)
    async with way_in_of(settings, PAGEDESK_FAILPOINTS=f"router.event={POISONOUS_PSID}") as running:
        await running.take(body_of(text_event(new_psid())))
        before = running.resident()
        yield running
        await running.routed()
        assert running.alive()
        assert (await running.http.get("/healthz")).status_code == 200
        assert [line for line in running.logged() if _is_unexpected(line)] == []
        assert [status for status in running.statuses if status >= 500] == []
        assert running.resident() - before < MAX_GROWTH_BYTES


def _is_unexpected(line: dict[str, Any]) -> bool:
    """An exception or an error that no test has made on purpose."""
    if "plain" in line:
        return "Traceback" in line["plain"] or "Error" in line["plain"]
    injected = "InjectedFault" in str(line)
    return not injected and (line["level"] in ("error", "critical") or "exception" in line)
