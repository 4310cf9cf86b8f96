"""A day of a desk: nothing is lost, doubled or stuck, and the reports tell it as it was."""

import asyncio
import contextlib
import os
import random
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from chaos.installation import Installation, install
from chaos.processes import API
from chaos.settling import settle
from sqlmodel import Session, select

from base import clock
from day.day import Day
from day.plan import COUNTDOWN_SECONDS, DECLINE_LIMIT, QUEUES, SHORT, UNITS, WHOLE, Load, Plan, draw
from day.queues import Queues
from day.report import DayReport
from domain.reports.measures import Cell, Measures, add_up, measure
from local.processes.progress import Progress
from local.temporal_server.dev_server import find_or_build_dev_server
from store import tables
from store.db.database import Database
from store.reports.reports import Period, read_cells
from support.eventually import eventually
from support.offer_facts import facts_of, read_offers
from support.recount import recount
from support.routing_invariants import violations_at_rest
from support.staff import ClientOf, Member, hire, push_everything

_LIMITS = httpx.Limits(keepalive_expiry=3.0)
_REPORT_DAYS = timedelta(days=3)
_RESTS_WITHIN = 60.0
_RETOLD_WITHIN = timedelta(minutes=2)
"""How much later than a task that was discarded its retry may be: a worker's start, on a busy machine."""


@pytest.mark.dev_server
@pytest.mark.timeout(600)
async def test_a_short_day(tmp_path: Path) -> None:
    report = await live(tmp_path, SHORT, os.environ.get("PAGEDESK_DAY_SEED", "1"))
    assert len(report.story.arrivals) == SHORT.customers
    assert len(report.story.kills) == SHORT.kills


@pytest.mark.chaos
@pytest.mark.timeout(7200)
async def test_a_whole_day(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = await live(tmp_path, WHOLE, os.environ.get("PAGEDESK_DAY_SEED") or secrets.token_hex(4))
    with capsys.disabled():
        print("", f"seed {report.seed}", *report.table(), sep="\n")  # noqa: T201 - what `make day` shows
    report.keep()


async def live(directory: Path, load: Load, seed: str) -> DayReport:
    """One day on a desk of its own, judged."""
    began = time.monotonic()
    plan = draw(load, random.Random(seed))  # noqa: S311 - repeatable on purpose
    async with (
        _desk(directory) as installation,
        installation.api() as api,
        installation.sandbox() as sandbox,
        _staff(installation, api, plan) as (staff, queues),
    ):
        judge = _Judge(installation, sandbox, staff, seed)
        dice = random.Random(f"{seed}/people")  # noqa: S311 - likewise
        try:
            story = await Day(installation, api, sandbox, staff, queues, load, plan, dice, judge).run()
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
        await judge.everything_is_over()
        await judge.reports_are_true()
        return DayReport(story, await judge.facts(), load, seed, time.monotonic() - began)


@contextlib.asynccontextmanager
async def _staff(
    installation: Installation, api: httpx.AsyncClient, plan: Plan
) -> AsyncIterator[tuple[list[Member], Queues]]:
    """Agents and queues."""
    staff = await hire(api, _client_of(installation), len(plan.shifts), UNITS)
    serving = [
        [member for member, shift in zip(staff, plan.shifts, strict=True) if place in shift.serves]
        for place in range(len(QUEUES))
    ]
    queues = await Queues.open(api, serving)
    shares = {queue_id: share for queue_id, (_, share) in zip(queues.ids, QUEUES, strict=True)}
    notification = {"reject_button": True, "countdown_seconds": COUNTDOWN_SECONDS}
    await push_everything(api, shares, notification=notification, affinity=False)
    try:
        yield staff, queues
    finally:
        for member in staff:
            await member.leaves()
            await member.client.aclose()


class _Judge:
    """Looks into the store while all is at rest."""

    def __init__(
        self, installation: Installation, sandbox: httpx.AsyncClient, staff: list[Member], seed: str
    ) -> None:
        self._fleet = installation.fleet
        self._database = Database(self._fleet.settings().store_url)
        self._sandbox = sandbox
        self._limits = {member.id: UNITS for member in staff}
        self._seed = seed

    async def rests(self) -> None:
        """Wait until the desk is at rest, as far as messages go.

        One of unknown outcome holds up what follows for a minute (docs/reference/reliability.md).
        """
        assert await settle(self._fleet.settings(), self._sandbox, parked=True) == []

    async def check(self) -> None:
        """Wait until nothing is under way, and look whether everything holds."""
        await self.rests()
        self._fleet.require_alive()
        found: list[str] = []

        def look(session: Session) -> list[str]:
            told = read_offers(facts_of(session), self._limits, DECLINE_LIMIT)
            return violations_at_rest(session, clock.now(), self._limits, told)

        async def holds() -> bool:
            nonlocal found
            found = await self._database.read(look)
            return not found

        try:
            await eventually(holds, within=_RESTS_WITHIN)
        except AssertionError:
            raise AssertionError(f"seed {self._seed}: {found}") from None

    async def everything_is_over(self) -> None:
        """Waiting: the agent was gone, and the customer is owed nothing."""

        def look(session: Session) -> list[str]:
            rows = session.exec(select(tables.Conversation.id, tables.Conversation.status)).all()
            return [f"{each} is {status}" for each, status in rows if status not in {"closed", "waiting"}]

        assert await self._database.read(look) == []

    async def reports_are_true(self) -> None:
        """As a recount of the log of events has it, to the millisecond."""
        end = clock.now() + timedelta(minutes=1)
        begin = end - _REPORT_DAYS

        def look(session: Session) -> tuple[dict[Cell, Measures], dict[Cell, Measures]]:
            period = Period(begin.date(), end.date(), "UTC")
            counted = measure(recount(session, begin, end, retold_within=_RETOLD_WITHIN), "UTC")
            return read_cells(session, period, end), counted

        read, counted = await self._database.read(look)
        assert _comparable(read) == _comparable(counted), f"seed {self._seed}"

    async def facts(self) -> list[dict[str, object]]:
        return await self._database.read(facts_of)


def _comparable(cells: dict[Cell, Measures]) -> dict[Cell, dict[str, int]]:
    """Without what the log does not tell: workstreams, capacity in use, and the hours of a queue of then."""
    sums = add_up((replace(cell, workstream_id=None), measures) for cell, measures in cells.items())
    untold = {"used_unit_ms": 0, "wait_in_hours_ms": 0}
    found = {cell: measures.as_dict() | untold for cell, measures in sums.items()}
    return {cell: measures for cell, measures in found.items() if any(measures.values())}


@contextlib.asynccontextmanager
async def _desk(directory: Path) -> AsyncIterator[Installation]:
    installation = None
    try:
        installation = await install(directory, await find_or_build_dev_server(Progress()))
        yield installation
    finally:
        if installation is not None:
            await asyncio.to_thread(installation.fleet.kill_all)


def _client_of(installation: Installation) -> ClientOf:
    def client(key: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=installation.fleet.url(API),
            headers={"Authorization": f"Bearer {key}"},
            trust_env=False,
            timeout=60,
            limits=_LIMITS,
        )

    return client
