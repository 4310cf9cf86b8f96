"""One travelling service for all tests of a file; mark them with the session's loop."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from support.travelling import TravellingDesk, travelling_desk


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TravellingDesk]:
    """Sandbox, API and worker on a time-skipping engine."""
    async with travelling_desk(tmp_path_factory.mktemp("desk")) as desk:
        yield desk
