"""Activities against the sandbox, in one process and without an engine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.page_desk import PageDesk, page_desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[PageDesk]:
    """One page, its checks, and a sandbox."""
    async with page_desk(tmp_path) as running:
        yield running
