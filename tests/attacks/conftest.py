"""One running product for all attacks: Temporal, worker, API and a local Messenger, each a process."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from chaos.installation import install

from attacks.desk import AttackedDesk
from base.http.open_files import raise_open_file_limit
from local.processes.progress import Progress
from local.temporal_server.dev_server import find_or_build_dev_server


@pytest.fixture(scope="session", autouse=True)
def _many_sockets() -> None:
    """The attacker needs as many as the attacked."""
    assert raise_open_file_limit() >= 2048


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AttackedDesk]:
    """The product, with an account and two pages that are Running. It must outlive every attack."""
    temporal = await find_or_build_dev_server(Progress())
    installation = await install(tmp_path_factory.mktemp("attacked"), temporal)
    try:
        yield AttackedDesk(installation)
        installation.fleet.require_alive()
    finally:
        installation.fleet.kill_all()


@pytest.fixture(autouse=True)
def _no_exceptions(desk: AttackedDesk) -> Iterator[None]:
    """No attack may end in a traceback."""
    before = desk.tracebacks()
    yield
    assert desk.tracebacks() == before
