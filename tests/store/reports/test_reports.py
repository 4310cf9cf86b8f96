"""Reports from the tables, and the sums of days whose rows are gone."""

from datetime import date, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from domain.conversations.projection import NEVER_WAS
from domain.reports.measures import Cell
from domain.routing.capacity import Origin
from store import tables
from store.db.database import Database
from store.db.refusals import RefusalReason, StoreRefusalError
from store.privacy import retention
from store.reports.daily import keep_sums, next_day_to_sum, summed_until, sums_of_day
from store.reports.reports import (
    EVERYTHING,
    Dimension,
    Period,
    Scope,
    read_cells,
    read_report,
    scope_of_queues_served_by,
)
from support.plans import plans_of
from support.report_rows import BEGIN, Duty, Talk, Turn, add_work, clear, duties, talks

DAYS = Period(BEGIN.date(), BEGIN.date() + timedelta(days=9), "UTC")
NOW = BEGIN + timedelta(days=10)
NOON = 12 * 3600


@pytest.fixture
def store(opened: Database) -> Database:
    opened.write_now(clear)
    return opened


def sum_up(database: Database, before: datetime) -> list[date]:
    """What the retention workflow's activity does with days that are over before an instant."""
    days = []
    while day := database.read_now(lambda session: next_day_to_sum(session, before)):
        sums = database.read_now(partial(sums_of_day, day=day))
        assert database.write_now(partial(keep_sums, day=day, sums=sums, now=NOW))
        days.append(day)
    for delete in (
        retention.delete_summed_stays,
        retention.delete_summed_presence,
        retention.delete_summed_slots,
    ):
        while database.write_now(delete):
            pass
    return days


ONE_DAY = (
    Talk(
        NOON,
        "sales",
        (
            Turn("tom", 10, Origin.PUSH, None, 15, "declined_by_agent"),
            Turn("mia", 30, Origin.PUSH, 5, 605, "completed_by_agent"),
        ),
        ((None, 0), ("mia", 99)),
        closed_after=700,
    ),
    Talk(NOON, "default", (), ((None, 0),), closed_after=3600),
    Talk(NOON, "default", (Turn("tom", 20, Origin.PICK, 0),), ((None, 0),)),
)


def test_a_day_of_work_by_queue_agent_and_workstream(store: Database) -> None:
    duty = Duty("mia", NOON, 3600)
    store.write_now(lambda session: add_work(session, ONE_DAY, [duty]))
    found = store.read_now(lambda session: read_cells(session, DAYS, NOW))
    day = BEGIN.date()
    assert {cell: measures.as_dict() for cell, measures in found.items()} == {
        Cell(day, "sales", "messenger", "mia"): {
            "incoming": 1,
            "engaged": 1,
            "closed": 1,
            "conversation_ms": 700_000,
            "first_wait_ms": 45_000,
            "first_responses": 1,
            "first_response_ms": 100_000,
            "waits": 1,
            "wait_ms": 35_000,
            "wait_in_hours_ms": 35_000,
            "service_level_waits": 1,
            "service_level_met": 1,
            "offers": 1,
            "offers_accepted": 1,
            "sessions": 1,
            "sessions_ended": 1,
            "handle_ms": 600_000,
            "messages_out": 1,
            "responses": 1,
            "response_ms": 100_000,
        },
        Cell(day, "sales", "messenger", "tom"): {"offers": 1, "offers_declined": 1},
        Cell(day, "sales", "messenger"): {"messages_in": 1},
        Cell(day, "default", "messenger"): {
            "incoming": 1,
            "closed": 1,
            "conversation_ms": 3_600_000,
            "abandoned": 1,
            "messages_in": 2,
        },
        Cell(day, "default", "messenger", "tom"): {
            "incoming": 1,
            "engaged": 1,
            "first_wait_ms": 20_000,
            "waits": 1,
            "wait_ms": 20_000,
            "wait_in_hours_ms": 20_000,
            "sessions": 1,
        },
        Cell(day, agent_id="mia"): {
            "on_duty_ms": 3_600_000,
            "capacity_unit_ms": 7_200_000,
            "used_unit_ms": 605_000,
        },
        **{
            Cell(day + timedelta(days=passed), agent_id="tom"): {"used_unit_ms": 86_400_000}
            for passed in range(1, 10)
        },
        Cell(day, agent_id="tom"): {"used_unit_ms": 43_180_000 + 15_000},
    }


def test_lines_by_day_and_for_the_period(store: Database) -> None:
    store.write_now(lambda session: add_work(session, ONE_DAY))

    def lines(
        dimension: Dimension, scope: Scope = EVERYTHING, *, by_day: bool = False
    ) -> list[tuple[object, ...]]:
        report = store.read_now(
            lambda session: read_report(session, dimension, DAYS, scope, NOW, by_day=by_day)
        )
        return [(row.day, row.id, row.name, row.measures.incoming) for row in report.rows]

    names = {each.id: each.name for each in store.read_now(lambda s: s.exec(select(tables.Queue)).all())}
    assert lines(Dimension.QUEUE) == [
        (None, "default", names["default"], 2),
        (None, "sales", "Sales", 1),
    ]
    assert lines(Dimension.WORKSTREAM) == [(None, "messenger", "Messenger", 3)]
    assert lines(Dimension.AGENT) == [(None, "mia", "Mia", 1), (None, "tom", "Tom", 1)]
    assert lines(Dimension.QUEUE, by_day=True) == [
        (BEGIN.date(), "default", names["default"], 2),
        (BEGIN.date(), "sales", "Sales", 1),
    ]
    assert lines(Dimension.AGENT, Scope(own_agent_id="mia")) == [(None, "mia", "Mia", 1)]
    assert lines(Dimension.QUEUE, Scope(frozenset({"sales"}), frozenset({"mia"}))) == [
        (None, "sales", "Sales", 1)
    ]


def test_a_supervisor_sees_their_queues_and_who_serves_them(store: Database) -> None:
    def work(session: Session) -> Scope:
        for queue_id, agent_id in (("sales", "mia"), ("sales", "tom"), ("default", "tom")):
            session.add(
                tables.QueueMember(queue_id=queue_id, agent_id=agent_id, freed_at=NOW, last_assigned_at=NOW)
            )
        session.flush()
        scope = scope_of_queues_served_by(session, "mia")
        session.rollback()
        return scope

    assert store.read_now(work) == Scope(frozenset({"sales"}), frozenset({"mia", "tom"}))


def test_what_never_was_is_in_no_report(store: Database) -> None:
    def work(session: Session) -> None:
        add_work(session, [Talk(NOON, turns=(Turn("mia", 5, Origin.PICK, 0, 10, NEVER_WAS),))])
        session.get_one(tables.Conversation, "c0").status_reason = NEVER_WAS
        session.connection().exec_driver_sql("DELETE FROM queue_stay")
        session.connection().exec_driver_sql("DELETE FROM slot")

    store.write_now(work)
    assert store.read_now(lambda session: read_cells(session, DAYS, NOW)) == {}


@settings(max_examples=30, deadline=None)
@given(talks, duties, st.integers(0, 6))
def test_summing_up_and_deleting_changes_no_report(
    opened: Database, work: list[Talk], duty: list[Duty], days: int
) -> None:
    """Nor does doing it in two goes, or again."""
    opened.write_now(clear)
    opened.write_now(lambda session: add_work(session, work, duty))
    before = opened.read_now(lambda session: read_cells(session, DAYS, NOW))
    first = sum_up(opened, BEGIN + timedelta(days=days // 2))
    second = sum_up(opened, BEGIN + timedelta(days=days))
    assert not set(first) & set(second)
    assert sum_up(opened, BEGIN + timedelta(days=days)) == []
    after = opened.read_now(lambda session: read_cells(session, DAYS, NOW))
    assert after == before


def test_what_is_deleted_is_what_is_summed_up(store: Database) -> None:
    still = Talk(NOON + 86_400, turns=(Turn("mia", 10, Origin.PICK, 0),))
    store.write_now(lambda session: add_work(session, [*ONE_DAY, still], [Duty("mia", 0, 100_000)]))
    assert sum_up(store, BEGIN + timedelta(hours=47)) == [BEGIN.date()]
    assert store.read_now(summed_until) == BEGIN + timedelta(days=1)

    def left(session: Session) -> tuple[list[str], list[str], int, int]:
        return (
            sorted(session.exec(select(tables.QueueStay.conversation_id))),
            sorted(session.exec(select(tables.Slot.id))),
            len(session.exec(select(tables.PresenceChange)).all()),
            len(session.exec(select(tables.AgentSession)).all()),
        )

    # The pick of the first day goes on, and the presence lasted into the second.
    assert store.read_now(left) == (["c3"], ["c2-1", "c3-1"], 1, 4)


def test_the_sums_of_a_day_are_kept_once(store: Database) -> None:
    store.write_now(lambda session: add_work(session, ONE_DAY))
    day = BEGIN.date()
    sums = store.read_now(lambda session: sums_of_day(session, day))
    assert store.write_now(lambda session: keep_sums(session, day, sums, NOW))
    assert not store.write_now(lambda session: keep_sums(session, day, {}, NOW))
    kept = store.read_now(lambda session: len(session.exec(select(tables.DailyMetrics)).all()))
    assert kept == len(sums) == 7


def test_a_desk_without_work_has_no_day_to_sum_up(store: Database) -> None:
    assert sum_up(store, NOW) == []


@pytest.mark.parametrize("kind", ["MAX_RECORDS", "MAX_MESSAGES"])
def test_a_report_reads_so_much_and_no_more(
    store: Database, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    store.write_now(lambda session: add_work(session, ONE_DAY))
    monkeypatch.setattr(f"store.reports.records.{kind}", 2)
    with pytest.raises(StoreRefusalError) as refused:
        store.read_now(lambda session: read_cells(session, DAYS, NOW))
    assert refused.value.code is RefusalReason.REPORT_TOO_LARGE
    store.read_now(lambda session: sums_of_day(session, BEGIN.date()))


def test_a_report_has_so_many_lines_and_no_more(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write_now(lambda session: add_work(session, ONE_DAY))
    monkeypatch.setattr("store.reports.reports.MAX_ROWS", 1)
    with pytest.raises(StoreRefusalError) as refused:
        store.read_now(
            lambda session: read_report(session, Dimension.QUEUE, DAYS, EVERYTHING, NOW, by_day=False)
        )
    assert refused.value.code is RefusalReason.REPORT_TOO_LARGE


def test_a_period_is_read_by_indexes(store: Database) -> None:
    def plans(session: Session) -> list[str]:
        with plans_of(session) as steps:
            read_cells(session, DAYS, NOW)
        return steps

    steps = store.read_now(plans)
    scanned = {step for step in steps if step.startswith("SCAN")}
    # Queues are few.
    assert {step.split()[1] for step in scanned} <= {"queue", "operating_hours", "CONSTANT"}, steps


def test_a_report_ends_now(store: Database) -> None:
    """A presence and a slot that go on count until now."""
    store.write_now(
        lambda session: add_work(
            session, [Talk(0, turns=(Turn("mia", 60, Origin.PICK, 0),))], [Duty("mia", 0, None)]
        )
    )
    now = BEGIN + timedelta(minutes=10)
    found = store.read_now(lambda session: read_cells(session, DAYS, now))
    assert found[Cell(BEGIN.date(), agent_id="mia")].as_dict() == {
        "on_duty_ms": 600_000,
        "capacity_unit_ms": 1_200_000,
        "used_unit_ms": 540_000,
    }
