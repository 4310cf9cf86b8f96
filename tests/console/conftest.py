"""Stories in a real browser, on a desk whose time is in the test's hand: `await desk.travel(hours=25)`.

Mark the tests of each file with the session's loop, in which desk and browser live.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from support.console import Seats, running_browser
from support.travelling import TravellingDesk, travelling_desk


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.time_skipping)
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(180))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TravellingDesk]:
    """One service for all tests of a file."""
    async with travelling_desk(tmp_path_factory.mktemp("desk")) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all tests of a process; each person has a profile of their own in it."""
    async with running_browser() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def seats(browser: Browser, desk: TravellingDesk) -> AsyncIterator[Seats]:
    """People at the desk."""
    made = Seats(browser, desk, desk.settings.local_url)
    yield made
    await made.close()
