"""The load generator: as many signed webhooks as a server takes, over 32 connections, in its own process.

Reads one `Job` as JSON from standard input and writes one `Outcome` as JSON to standard output. Requests are
rendered and signed before the clock starts. A closed loop: it finds the highest rate, and its latencies are
those at that rate.
"""

import asyncio
import itertools
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import orjson
import uvloop

from bench.deliveries import Deliveries
from bench.plan import IN_FLIGHT
from bench.rows import BrokenError, percentile
from bench.wire import Connection

_MAX_PER_SECOND = 12_000
_STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Job:
    """Post messages of these customers for so long."""

    port: int
    path: str
    page_id: str
    app_secret: str
    series: str
    psids: list[str]
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """`acknowledged` counts all 200s; `per_second` those of the window; latencies are in milliseconds.

    `generator_load` is the generator's own share of a processor; near 1 it was the limit itself.
    """

    acknowledged: int
    refused: int
    per_second: float
    p50_ms: float
    p99_ms: float
    generator_load: float


async def generate(job: Job) -> Outcome:
    """Run a job in a process of its own. Raises BrokenError if any delivery was not answered 200."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.load", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(job.seconds + 2 * _STOP_SECONDS):
        output, _ = await process.communicate(orjson.dumps(job))
    if process.returncode != 0:
        raise BrokenError(f"The load generator failed with exit status {process.returncode}.")
    outcome = Outcome(**orjson.loads(output))
    if outcome.refused or not outcome.acknowledged:
        raise BrokenError(f"{outcome.refused} webhooks were refused, {outcome.acknowledged} acknowledged.")
    return outcome


@dataclass(slots=True)
class _Tally:
    """What the connections have counted together."""

    latencies: list[float]
    acknowledged: int = 0
    refused: int = 0


async def _run(job: Job) -> Outcome:
    deliveries = Deliveries(job.path, job.page_id, job.app_secret, job.series)
    psids = itertools.cycle(job.psids)
    requests = iter([deliveries.render(next(psids)) for _ in range(int(job.seconds * _MAX_PER_SECOND))])
    connections = [await Connection.open(job.port) for _ in range(IN_FLIGHT)]
    tally = _Tally([])
    began, began_cpu = time.perf_counter(), time.process_time()
    deadline = began + job.seconds
    async with asyncio.timeout(job.seconds + _STOP_SECONDS):
        await asyncio.gather(*(_post(connection, requests, deadline, tally) for connection in connections))
    seconds = min(time.perf_counter() - began, job.seconds)
    return Outcome(
        acknowledged=tally.acknowledged,
        refused=tally.refused,
        per_second=len(tally.latencies) / seconds,
        p50_ms=percentile(tally.latencies, 50),
        p99_ms=percentile(tally.latencies, 99),
        generator_load=(time.process_time() - began_cpu) / seconds,
    )


async def _post(connection: Connection, requests: Iterator[bytes], deadline: float, tally: _Tally) -> None:
    clock = time.perf_counter
    for request in requests:
        sent = clock()
        if sent >= deadline:
            return
        status, _ = await connection.exchange(request)
        answered = clock()
        if status != 200:
            tally.refused += 1
            continue
        tally.acknowledged += 1
        if answered <= deadline:
            tally.latencies.append((answered - sent) * 1000)


def main() -> None:
    """Run the job that standard input holds."""
    job = Job(**orjson.loads(sys.stdin.buffer.read()))
    outcome = uvloop.run(_run(job))
    sys.stdout.buffer.write(orjson.dumps(outcome))


if __name__ == "__main__":
    main()
