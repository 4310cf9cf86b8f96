"""Records the histories of a release: `make record`, and, when the release is out, `make freeze`."""

import argparse
import asyncio
import contextlib
import socket
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory

from base.process.clean_exit import exit_process
from replay.corpus import FrozenError, ReleaseSet, set_of, this_release
from replay.scenarios import ON_DEV_SERVER, ON_SKIPPING_ENGINE, Scenario
from replay.stage import Stage, dev_stage, skipping_stage
from support.engines import dev_server_at
from support.histories import chains
from workflows.messages import conversation_workflow_id, page_workflow_id

# Small, so that a chain of several runs stays readable.
_SUGGEST_CONTINUE_AS_NEW_AT = 60


async def record(target: ReleaseSet) -> None:
    """Play every scenario and keep its histories and the row that it leaves."""
    target.empty()
    for scenario in ON_SKIPPING_ENGINE:
        with tempfile.TemporaryDirectory() as directory:
            async with skipping_stage(Path(directory)) as stage:
                await _record(target, stage, scenario)
    with tempfile.TemporaryDirectory() as directory:
        async with dev_server_at(Path(directory), _SUGGEST_CONTINUE_AS_NEW_AT) as address:
            for scenario in ON_DEV_SERVER:
                data = Path(directory) / scenario.__name__
                async with dev_stage(data, address) as stage:
                    await _record(target, stage, scenario)
    target.close()


async def _record(target: ReleaseSet, stage: Stage, scenario: Scenario) -> None:
    await scenario(stage)
    number = 0
    async for history in _histories(stage):
        number += 1
        target.write(f"{scenario.__name__}.{number}.json", _of_no_machine(history.to_json_dict()))
    if stage.desk.runs:
        target.write(f"{scenario.__name__}.state.json", (await stage.desk.thread()).state)
    print(f"{scenario.__name__}: {number} run(s)")  # noqa: T201 - a command's answer


async def _histories(stage: Stage) -> AsyncIterator[WorkflowHistory]:
    desk = stage.desk
    for _, history in await chains(desk.client, page_workflow_id(desk.page_id), desk.page_runs):
        yield history
    if desk.runs:
        thread = await desk.thread()
        workflow_id = conversation_workflow_id(thread.page_id, thread.customer_id)
        for _, history in await chains(desk.client, workflow_id, desk.runs):
            yield history


def _of_no_machine(recorded: Any) -> Any:
    """A history without the names and paths of the machine that it was recorded on."""
    if isinstance(recorded, list):
        return [_of_no_machine(each) for each in recorded]
    if isinstance(recorded, dict):
        told = {"identity": "recorder", "stackTrace": ""}
        return {name: told.get(name) or _of_no_machine(value) for name, value in recorded.items()}
    if isinstance(recorded, str) and socket.gethostname() in recorded:
        return "recorder"
    return recorded


def main() -> None:
    """Record, or freeze what is recorded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("release", nargs="?", default=this_release())
    parser.add_argument(
        "--freeze", action="store_true", help="the release is out: the set never changes again"
    )
    wanted = parser.parse_args()
    target = set_of(wanted.release)
    if wanted.freeze:
        target.freeze()
        return
    with contextlib.suppress(KeyboardInterrupt):
        try:
            asyncio.run(record(target))
        except FrozenError as error:
            parser.error(str(error))
    exit_process(0)


if __name__ == "__main__":
    main()
