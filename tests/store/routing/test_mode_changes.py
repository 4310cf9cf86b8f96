"""A workstream's mode changes while a conversation opens: it is listed or offered as the mode then is."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from domain.routing.demand import DEFAULT_QUEUE_ID
from domain.routing.placement import Placement, WaitingPlace
from domain.routing.work_distribution import DistributionMode
from store import tables
from store.conversations.listing import find
from store.db.refusals import InvalidFieldsError
from store.routing.dispatch_marks import MarkKind
from store.routing.projection import project_routing
from store.routing.workstream_routing import set_work_distribution
from store.workstreams.work_distribution import work_distribution_of
from support.postgres import SERVER
from support.steps import START
from support.store import add_conversation, add_customer
from support.waiting_desk import DEMAND, Desk, waiting_desk

pytestmark = pytest.mark.any_store

WORKSTREAM = "messenger"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with waiting_desk(tmp_path) as desk:
        yield desk


def change_mode(session: Session, mode: DistributionMode) -> None:
    """As an administrator does."""
    workstream = session.get_one(tables.Workstream, WORKSTREAM)
    set_work_distribution(session, WORKSTREAM, replace(work_distribution_of(workstream), mode=mode))
    session.flush()


def opens(session: Session, *, listed: bool) -> None:
    """A conversation's first projection, routed while its workstream listed its work, or did not."""
    add_customer(session, "c1", START, psid="c1")
    add_conversation(session, "c1", "c1", START, status="open", reason="customer_wrote")
    session.flush()
    waiting = WaitingPlace(DEMAND, 0, START, listed=listed)
    project_routing(session, [Placement("c1", 1, DEFAULT_QUEUE_ID, waiting)], START, inserted=["c1"])


@pytest.mark.parametrize(
    ("mode", "state", "is_marked"),
    [(DistributionMode.PUSH, "waiting", True), (DistributionMode.PICK, "listed", False)],
)
async def test_what_was_routed_before_the_change_is_where_the_new_mode_has_it(
    desk: Desk, mode: DistributionMode, state: str, *, is_marked: bool
) -> None:
    other = {DistributionMode.PUSH: DistributionMode.PICK, DistributionMode.PICK: DistributionMode.PUSH}[mode]
    await desk.store.write(lambda session: change_mode(session, other))
    await desk.store.write(lambda session: change_mode(session, mode))
    await desk.store.write(lambda session: opens(session, listed=mode is DistributionMode.PUSH))
    item = await desk.read(lambda session: session.get_one(tables.WorkItem, "c1"))
    marks = await desk.read(
        lambda session: session.exec(
            select(tables.DispatchMark.key).where(tables.DispatchMark.kind == MarkKind.ITEM)
        ).all()
    )
    assert (item.state, list(marks)) == (state, ["c1"] if is_marked else [])


async def test_the_mode_stays_while_a_conversation_is_not_closed(desk: Desk) -> None:
    await desk.store.write(lambda session: opens(session, listed=False))
    with pytest.raises(InvalidFieldsError):
        await desk.store.write(lambda session: change_mode(session, DistributionMode.PICK))
    assert await desk.read(lambda session: find(session, "c1")) is not None


@pytest.mark.postgres
@pytest.mark.skipif(SERVER is None, reason="SQLite has one writer")
@pytest.mark.parametrize("changes_first", [True, False])
async def test_the_change_and_the_opening_wait_for_each_other(desk: Desk, *, changes_first: bool) -> None:
    def changes(session: Session) -> None:
        change_mode(session, DistributionMode.PICK)

    def begins(session: Session) -> None:
        opens(session, listed=False)

    first, second = (changes, begins) if changes_first else (begins, changes)

    def waits(session: Session) -> None:
        session.connection().execute(text("SET LOCAL lock_timeout = '200ms'"))
        second(session)

    def both(session: Session) -> None:
        first(session)
        desk.store.write_now(waits)

    with pytest.raises(OperationalError, match="lock timeout"):
        await desk.store.write(both)
