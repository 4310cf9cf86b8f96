"""The whole product on a real dev server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client

from support.whole import Whole, whole_product


@pytest.fixture
async def whole(tmp_path: Path, dev_server: str) -> AsyncIterator[Whole]:
    """Sandbox, API and worker, with two Running pages."""
    engine = await Client.connect(dev_server)
    async with whole_product(tmp_path, engine) as running:
        yield running
