"""Gets both Temporal servers ready before the tests start: `python -m local.temporal_server.prepare`."""

import asyncio
import sys

from base.process.clean_exit import exit_process
from local.processes.errors import LaunchError
from local.processes.progress import Progress
from local.temporal_server.dev_server import find_or_build_dev_server
from local.temporal_server.test_server import find_or_build_test_server


async def prepare(progress: Progress) -> None:
    """Find or get the dev server and the time-skipping server; raises LaunchError."""
    progress.say(f"dev server: {await find_or_build_dev_server(progress)}")
    progress.say(f"time-skipping server: {await find_or_build_test_server(progress)}")


def main() -> int:
    """Exit status: 0, or 1 with the reason and the remedy on standard error, or 130 after Ctrl-C."""
    try:
        asyncio.run(prepare(Progress()))
    except LaunchError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    exit_process(main())
