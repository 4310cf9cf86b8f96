"""`python -m bench`: measure everything, print the table, write the files. Under fifteen minutes.

Exit status 0 even where a target is missed; 1 if something is broken.
"""

import argparse
import asyncio
import os
import shutil
import sys
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console

from base import clock
from base.process.clean_exit import exit_process
from bench import event_log, grown
from bench.context import Bench, running_bench
from bench.machine import machine_class, versions
from bench.measures import (
    burst,
    claims,
    crowd,
    end_to_end,
    history,
    idle_latency,
    lanes,
    offers,
    webhooks,
    worker_death,
)
from bench.plan import FULL, QUICK, Plan
from bench.report import save, save_event_log, save_grown, show
from bench.rows import BrokenError, Row
from local.processes.errors import LaunchError
from local.processes.progress import Progress

_DIRECTORY = Path(".data/bench")
_PIPED_WIDTH = 150

MEASURES: dict[str, Callable[[Bench], Awaitable[list[Row]]]] = {
    "idle": idle_latency.measure,
    "history": history.measure,
    "end-to-end": end_to_end.measure,
    "webhooks": webhooks.measure,
    "worker-death": worker_death.measure,
    "burst": burst.measure,
    "lanes": lanes.measure,
    "claims": claims.measure,
    "offers": offers.measure,
    "crowd": crowd.measure,
}


def main() -> None:
    """Read the command line, measure, report."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__, add_help=True)
    parser.add_argument("--quick", action="store_true", help="less of everything, a few minutes")
    parser.add_argument(
        "--only", action="append", choices=MEASURES, help="this measure alone; may be repeated"
    )
    parser.add_argument(
        "--grown", action="store_true", help="a desk of 200,000 conversations beside a small one, instead"
    )
    parser.add_argument(
        "--event-log",
        metavar="URL",
        help="writers of the event log, instead, on this PostgreSQL server; its user creates a database",
    )
    given = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("PAGEDESK_")]:
        del os.environ[name]  # a run has settings of its own
    console = Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH)
    plan, names = (QUICK if given.quick else FULL), given.only or list(MEASURES)
    _DIRECTORY.mkdir(parents=True, exist_ok=True)
    try:
        if given.event_log:
            result = asyncio.run(_measure_event_log(given.event_log, plan))
        else:
            result = asyncio.run(_measure_grown(plan) if given.grown else _measure(plan, names, console))
    except (BrokenError, LaunchError) as error:
        console.print(f"[red]Broken:[/] {error}\nLogs: {_DIRECTORY / 'logs'}")
        exit_process(1)
    show(result, console)
    whole = plan is FULL and names == list(MEASURES)
    if given.event_log:
        file = save_event_log(result)
    else:
        file = save_grown(result) if given.grown else save(result, whole=whole)
    console.print(f"Written: {file}")
    shutil.rmtree(_DIRECTORY)
    exit_process(0)


async def _measure(plan: Plan, names: list[str], console: Console) -> dict[str, Any]:
    async with running_bench(_DIRECTORY, plan, Progress()) as bench:
        rows, seconds = [], {}
        for name in names:
            began = time.monotonic()
            rows += await MEASURES[name](bench)
            bench.stack.require_alive()
            seconds[name] = round(time.monotonic() - began)
            console.print(f"Measured {name} in {seconds[name]} s.")
        return {
            "measured_at": clock.now().isoformat(timespec="seconds"),
            "version": version("pagedesk"),
            "plan": plan.name,
            "rounds": plan.rounds,
            "seconds": seconds,
            "machine": machine_class(_DIRECTORY),
            "versions": await versions(bench.client),
            "rows": [row.as_json() for row in rows],
        }


async def _measure_grown(plan: Plan) -> dict[str, Any]:
    began = time.monotonic()
    rows = await grown.measure(_DIRECTORY, plan, Progress())
    return grown.result_of(rows, _head(plan, began))


async def _measure_event_log(url: str, plan: Plan) -> dict[str, Any]:
    began = time.monotonic()
    rows = await event_log.measure(url, _DIRECTORY, plan, Progress())
    return _head(plan, began) | {
        "rounds": plan.rounds * event_log.TURNS,
        "rows": [row.as_json() for row in rows],
    }


def _head(plan: Plan, began: float) -> dict[str, Any]:
    return {
        "measured_at": clock.now().isoformat(timespec="seconds"),
        "version": version("pagedesk"),
        "plan": plan.name,
        "rounds": plan.rounds,
        "seconds": round(time.monotonic() - began),
        "machine": machine_class(_DIRECTORY),
    }


if __name__ == "__main__":
    main()
