"""Who is there: streams, leases, dead processes, and what becomes of a choice in an absence."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select

from base import clock
from domain.events.kinds import FactKind
from domain.routing.demand import DEFAULT_QUEUE_ID
from domain.routing.presence import ChosenPresence, PresenceKind
from store import tables
from store.routing.absences import begin_absence, end_absence
from store.routing.agent_states import RoutingWrites
from store.routing.members import add_member, enrol_agent
from store.routing.presence import (
    Absence,
    PresenceStream,
    choose_presence,
    connect_stream,
    end_lease,
    end_process,
    lease_presence,
    leave_at_once,
    register_process,
    release_stream,
    renew_process,
    survey_presence,
    sweep_process,
)
from support.steps import START
from support.waiting_desk import Desk, waiting_desk

pytestmark = pytest.mark.any_store

ONE, OTHER = PresenceStream("s1", "mia", "p1"), PresenceStream("s2", "mia", "p2")


class People:
    """Mia, who is not there yet, and what the rows say of her."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.facts: list[tuple[str, dict[str, Any]]] = []

    async def do(self, work: Callable[[Session, RoutingWrites], Any]) -> Any:
        def noting(session: Session, writes: RoutingWrites) -> Any:
            result = work(session, writes)
            self.facts += [(row["kind"], row["data"]) for row in writes.events]
            return result

        return await self.desk.change(noting)

    async def come(self, stream: PresenceStream, at: datetime = START) -> Any:
        return await self.do(lambda session, writes: connect_stream(session, stream, writes, at))

    async def go(self, stream: PresenceStream, at: datetime = START) -> Any:
        return await self.do(lambda session, writes: release_stream(session, stream, writes, at))

    async def choose(self, kind: PresenceKind, text: str | None = None) -> None:
        chosen = ChosenPresence(kind, text)
        await self.do(lambda session, writes: choose_presence(session, "mia", chosen, writes, START))

    async def state(self, agent_id: str = "mia") -> tables.AgentState:
        return await self.desk.read(lambda session: session.get_one(tables.AgentState, agent_id))

    async def add(self, agent_id: str, role: str) -> None:
        def work(session: Session, writes: RoutingWrites) -> None:
            session.add(tables.Agent(id=agent_id, name=agent_id, role=role, created_at=START))
            session.flush()
            enrol_agent(session, agent_id, role, writes, START)

        await self.do(work)


@pytest.fixture
async def people(tmp_path: Path) -> AsyncIterator[People]:
    async with waiting_desk(tmp_path) as desk:
        people = People(desk)
        await people.add("mia", "agent")
        people.facts.clear()
        yield people


async def test_a_stream_makes_its_agent_available_and_its_queues_see_it(people: People) -> None:
    assert await people.come(ONE)
    state = await people.state()
    assert (state.connected, state.presence, state.absent_since) == (True, "available", None)
    member = await people.desk.read(lambda s: s.get_one(tables.QueueMember, (DEFAULT_QUEUE_ID, "mia")))
    assert member.presence == "available"
    told = {"agent_id": "mia", "from": "offline", "to": "available", "reason": "connected", "limit_units": 5}
    assert people.facts == [(FactKind.AGENT_PRESENCE_CHANGED, told)]


async def test_who_has_another_stream_is_not_absent(people: People) -> None:
    await people.come(ONE)
    await people.come(OTHER)
    await people.go(ONE)
    assert (await people.state()).connected
    await people.go(OTHER, START + timedelta(minutes=1))
    state = await people.state()
    assert (state.connected, state.presence, state.absence) == (False, "offline", Absence.BEGUN)
    assert state.absent_since == START + timedelta(minutes=1)
    assert people.facts[-1] == (FactKind.AGENT_ABSENT, {"agent_id": "mia"})


@pytest.mark.parametrize(
    ("away", "presence", "chosen"),
    [(timedelta(seconds=149), "away", "away"), (timedelta(seconds=150), "available", None)],
)
async def test_who_is_back_in_time_has_the_presence_that_they_chose(
    people: People, away: timedelta, presence: str, chosen: str | None
) -> None:
    await people.come(ONE)
    await people.choose(PresenceKind.AWAY, "at lunch")
    await people.go(ONE, START)
    await people.come(OTHER, START + away)
    state = await people.state()
    assert (state.presence, state.chosen_presence, state.absent_since, state.absence) == (
        presence,
        chosen,
        None,
        None,
    )
    assert people.facts[-1] == (
        FactKind.AGENT_BACK,
        {"agent_id": "mia", "absent_since": START.isoformat()},
    )


async def test_every_presence_is_logged_from_when_to_when(people: People) -> None:
    await people.come(ONE, START + timedelta(seconds=1))
    await people.go(ONE, START + timedelta(seconds=5))
    changes = await people.desk.read(
        lambda s: s.exec(select(tables.PresenceChange).order_by(col(tables.PresenceChange.id))).all()
    )
    assert [(each.presence, each.reason, each.at, each.until) for each in changes] == [
        ("available", "connected", START + timedelta(seconds=1), START + timedelta(seconds=5)),
        ("offline", "absent", START + timedelta(seconds=5), None),
    ]


@pytest.mark.parametrize("role", ["admin", "machine"])
async def test_others_than_agents_are_there_only_as_members_of_a_queue(people: People, role: str) -> None:
    await people.add("other", role)
    stream = PresenceStream("s9", "other", "p1")
    assert not await people.come(stream)
    assert not (await people.state("other")).connected
    await people.do(lambda s, writes: add_member(s, DEFAULT_QUEUE_ID, "other", writes, START))
    assert await people.come(stream)
    assert (await people.state("other")).presence == "available"


async def test_a_choice_clears_what_a_missed_offer_left(people: People) -> None:
    await people.come(ONE)

    def miss(session: Session, _: RoutingWrites) -> None:
        session.get_one(tables.AgentState, "mia").presence_mark = "missed"

    await people.do(miss)
    await people.choose(PresenceKind.BUSY)
    state = await people.state()
    assert (state.presence, state.presence_mark) == ("busy", None)


async def test_the_streams_of_a_dead_process_are_swept_once_its_lease_is_over(people: People) -> None:
    await people.come(ONE)
    assert not await people.do(lambda s, writes: sweep_process(s, "p1", writes, START))
    await _let_lease_end(people, "p1")
    assert await people.do(lambda s, writes: sweep_process(s, "p1", writes, START))
    assert not (await people.state()).connected
    assert not await people.do(lambda s, writes: sweep_process(s, "p1", writes, START))
    assert await people.desk.read(lambda s: s.get(tables.ProcessLease, "p1")) is None


async def test_who_has_gone_over_to_another_process_stays_when_the_first_is_swept(people: People) -> None:
    await people.come(ONE)
    await people.come(OTHER)
    await _let_lease_end(people, "p1")
    assert await people.do(lambda s, writes: sweep_process(s, "p1", writes, START))
    assert (await people.state()).connected


async def test_a_process_that_was_taken_for_dead_registers_its_streams_again(people: People) -> None:
    await people.come(ONE)
    assert await people.do(lambda s, _: renew_process(s, "p1"))
    await _let_lease_end(people, "p1")
    assert not await people.do(lambda s, _: renew_process(s, "p1"))
    # A new stream does not hide that the others may have been swept.
    await people.come(PresenceStream("s3", "mia", "p1"))
    assert not await people.do(lambda s, _: renew_process(s, "p1"))
    await people.do(lambda s, _: register_process(s, "p1"))
    assert await people.do(lambda s, _: renew_process(s, "p1"))


async def test_a_process_that_ends_leaves_its_agents_the_time_of_a_closed_stream(people: People) -> None:
    await people.come(ONE)
    await people.do(lambda s, _: end_process(s, "p1"))
    survey = await people.desk.read(lambda s: survey_presence(s, {Absence.BEGUN}))
    left = survey.processes["p1"].total_seconds()
    assert 0 < left <= 5
    assert (await people.state()).connected


async def test_a_lease_holds_until_it_is_over_and_may_be_renewed(people: People) -> None:
    async def lease(seconds: int) -> None:
        length = timedelta(seconds=seconds)
        await people.do(lambda s, writes: lease_presence(s, "mia", length, writes, START))

    await lease(60)
    assert (await people.state()).presence == "available"
    await people.do(lambda s, writes: end_lease(s, "mia", writes, START))
    assert (await people.state()).connected
    await lease(-1)
    survey = await people.desk.read(lambda s: survey_presence(s, {Absence.BEGUN}))
    assert survey.leases_over == ["mia"]
    await people.do(lambda s, writes: end_lease(s, "mia", writes, START))
    state = await people.state()
    assert (state.connected, state.leased_until, state.absence) == (False, None, Absence.BEGUN)


async def test_a_stream_goes_while_a_lease_holds(people: People) -> None:
    await people.come(ONE)
    length = timedelta(seconds=60)
    await people.do(lambda s, writes: lease_presence(s, "mia", length, writes, START))
    await people.go(ONE)
    assert (await people.state()).connected


async def test_an_absence_begins_and_ends_once(people: People) -> None:
    await people.come(ONE)
    await people.choose(PresenceKind.AWAY)
    await people.go(ONE, START)
    found = await people.do(lambda s, _: begin_absence(s, "mia"))
    assert (found.since, found.ends_at) == (START, START + timedelta(seconds=150))
    assert (await people.desk.read(lambda s: survey_presence(s, {Absence.BEGUN}))).absences == []
    end = partial(end_absence, agent_id="mia", now=START)
    assert not await people.do(lambda s, w: end(s, since=START - timedelta(seconds=1), writes=w))
    assert await people.do(lambda s, w: end(s, since=START, writes=w))
    assert await people.do(lambda s, w: end(s, since=START, writes=w))
    state = await people.state()
    assert (state.absence, state.chosen_presence, state.presence) == (Absence.OVER, None, "offline")
    assert await people.do(lambda s, _: begin_absence(s, "mia")) is None


@pytest.mark.parametrize("was_absent", [True, False])
async def test_who_is_deactivated_is_absent_without_grace(people: People, was_absent: bool) -> None:
    await people.come(ONE)
    if was_absent:
        await people.go(ONE, START)
        await people.do(lambda s, _: begin_absence(s, "mia"))

    def deactivate(session: Session, writes: RoutingWrites) -> None:
        session.get_one(tables.Agent, "mia").active = False
        leave_at_once(session, "mia", writes, START)

    await people.do(deactivate)
    assert (await people.desk.read(lambda s: survey_presence(s, {Absence.BEGUN}))).absences == ["mia"]
    found = await people.do(lambda s, _: begin_absence(s, "mia"))
    assert (found.since, found.ends_at) == (START, START)
    assert not await people.come(OTHER)


@pytest.mark.parametrize("before", ["never there", "absence over"])
async def test_what_a_deactivated_agent_took_without_being_there_is_given_back(
    people: People, before: str
) -> None:
    later = START + timedelta(hours=1)
    if before == "absence over":
        await people.come(ONE)
        await people.go(ONE)
        await people.do(lambda s, _: begin_absence(s, "mia"))
        await people.do(lambda s, writes: end_absence(s, "mia", START, writes, START))

    def deactivate(session: Session, writes: RoutingWrites) -> None:
        session.get_one(tables.Agent, "mia").active = False
        leave_at_once(session, "mia", writes, later)

    await people.do(deactivate)
    assert (await people.desk.read(lambda s: survey_presence(s, {Absence.BEGUN}))).absences == ["mia"]
    found = await people.do(lambda s, _: begin_absence(s, "mia"))
    assert (found.since, found.ends_at) == (later, later)


async def _let_lease_end(people: People, process_id: str) -> None:
    def work(session: Session, _: RoutingWrites) -> None:
        over = clock.process_now() - timedelta(minutes=1)
        session.get_one(tables.ProcessLease, process_id).present_until = over

    await people.do(work)
