"""Who sees which conversation: one rule, in lists, in single reads and for events in memory."""

import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlmodel import Session

from store import tables
from store.access.conversation_viewers import queues_of_agents, viewers_of_threads
from store.access.visibility import Reader, refuse_unseen
from store.conversations import listing
from store.conversations.list_filters import ConversationFilter
from store.db.database import Database
from store.db.engines import make_engine
from store.db.ranges import Span
from store.db.refusals import StoreRefusalError
from support.plans import plans_of
from support.store import PAGE_A, add_customer, make_settings, seeded_store

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RELEASED, DECLINED = "released_by_agent", "declined_by_agent"
QUEUES = ("default", "sales", "returns", "night")


@dataclass
class Talk:
    """A conversation as the test knows it."""

    id: str
    customer_id: str
    opened_at: datetime
    queue_id: str | None = None
    agent_id: str | None = None
    status: str = "open"
    sessions: list[tuple[str, datetime, str]] = field(default_factory=list)
    participants: list[tuple[str, bool]] = field(default_factory=list)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    async with seeded_store(tmp_path, _add_queues) as store:
        yield store


def _add_queues(session: Session) -> None:
    for name in QUEUES[1:]:
        session.add(tables.Queue(id=name, name=name, created_at=NOON))


def _add_agent(session: Session, agent_id: str, *queue_ids: str) -> None:
    session.add(tables.Agent(id=agent_id, name=agent_id, role="agent", created_at=NOON))
    session.flush()
    for queue_id in queue_ids:
        session.add(
            tables.QueueMember(queue_id=queue_id, agent_id=agent_id, freed_at=NOON, last_assigned_at=NOON)
        )
    session.flush()


def _add(session: Session, talk: Talk) -> None:
    if session.get(tables.Customer, talk.customer_id) is None:
        add_customer(session, talk.customer_id, NOON, psid=f"7{talk.customer_id}")
    session.add(
        tables.Conversation(
            id=talk.id,
            page_id=PAGE_A,
            customer_id=talk.customer_id,
            queue_id=talk.queue_id,
            agent_id=talk.agent_id,
            status=talk.status,
            status_reason="customer_wrote",
            status_changed_at=NOON,
            opened_at=talk.opened_at,
        )
    )
    session.flush()
    for number, (agent_id, started_at, closure_reason) in enumerate(talk.sessions):
        session.add(
            tables.AgentSession(
                id=f"{talk.id}-{number}",
                conversation_id=talk.id,
                number=number,
                agent_id=agent_id,
                started_at=started_at,
                accepted_at=None if closure_reason == DECLINED else started_at,
                closure_reason=closure_reason,
            )
        )
    for agent_id, is_gone in talk.participants:
        session.add(
            tables.Participant(
                id=f"{talk.id}-{agent_id}",
                conversation_id=talk.id,
                agent_id=agent_id,
                mode="consult",
                since=NOON,
                joined_at=NOON,
                left_at=NOON if is_gone else None,
            )
        )
    session.flush()


def _sees(session: Session, agent_id: str, subject: str, id_: str) -> bool:
    try:
        refuse_unseen(session, Reader(agent_id, sees_all=False, at=NOON), subject, id_)
    except StoreRefusalError:
        return False
    return True


def _listed(
    session: Session, agent_id: str, queue_id: str | None = None, page_id: str | None = None
) -> list[str]:
    reader = Reader(agent_id, sees_all=False, at=NOON)
    found = listing.listed(
        session,
        ConversationFilter(queue_id=queue_id, page_id=page_id),
        Span(100, newest_first=True),
        now=NOON,
        reader=reader,
    )
    return [record.conversation.id for record in found]


async def _told(store: Database, agent_id: str, *talks: Talk, queues: tuple[str, ...] = ()) -> list[str]:
    """Which of these conversations an agent is shown in the list."""

    def work(session: Session) -> list[str]:
        _add_agent(session, agent_id, *queues)
        _add_agent(session, "other")
        for talk in talks:
            _add(session, talk)
        return _listed(session, agent_id)

    return await store.write(work)


@pytest.mark.parametrize(
    ("talk", "is_seen"),
    [
        pytest.param(Talk("c", "u", NOON, "sales"), True, id="of-their-queue"),
        pytest.param(Talk("c", "u", NOON, "returns"), False, id="of-another-queue"),
        pytest.param(Talk("c", "u", NOON), False, id="of-no-queue-is-of-the-default-queue"),
        pytest.param(Talk("c", "u", NOON, "returns", "mia", "active"), True, id="theirs"),
        pytest.param(Talk("c", "u", NOON, "returns", "mia", "closed"), True, id="theirs-and-closed"),
        pytest.param(Talk("c", "u", NOON, "returns", "other", "active"), False, id="another-agents"),
        pytest.param(
            Talk("c", "u", NOON, "returns", sessions=[("mia", NOON - DAY, RELEASED)]),
            True,
            id="former",
        ),
        pytest.param(
            Talk("c", "u", NOON, "returns", None, "closed", [("mia", NOON - DAY, RELEASED)]),
            False,
            id="former-of-a-closed-one",
        ),
        pytest.param(
            Talk("c", "u", NOON, "returns", sessions=[("mia", NOON - 31 * DAY, RELEASED)]),
            False,
            id="former-long-ago",
        ),
        pytest.param(
            Talk("c", "u", NOON, "returns", sessions=[("mia", NOON - DAY, "declined_by_agent")]),
            False,
            id="declined_by_agent",
        ),
        pytest.param(
            Talk("c", "u", NOON, "returns", sessions=[("mia", NOON - DAY, "never_was")]),
            False,
            id="never-was",
        ),
        pytest.param(Talk("c", "u", NOON, "returns", participants=[("mia", False)]), True, id="takes-part"),
        pytest.param(Talk("c", "u", NOON, "returns", participants=[("mia", True)]), False, id="has-left"),
    ],
)
async def test_an_agent_sees_what_is_of_their_queues_and_their_own(
    store: Database, talk: Talk, *, is_seen: bool
) -> None:
    assert await _told(store, "mia", talk, queues=("sales",)) == (["c"] if is_seen else [])


async def test_who_sees_the_latest_conversation_sees_the_whole_thread_and_lists_stay_with_queues(
    store: Database,
) -> None:
    earlier = Talk("earlier", "u", NOON - DAY, "returns", status="closed")
    latest = Talk("latest", "u", NOON, "sales")
    assert await _told(store, "mia", earlier, latest, queues=("sales",)) == ["latest"]

    def work(session: Session) -> list[bool]:
        _add_agent(session, "tom", "returns")
        return [
            _sees(session, "mia", "conversation_id", "earlier"),
            _sees(session, "mia", "customer_id", "u"),
            _sees(session, "tom", "conversation_id", "earlier"),
            _sees(session, "tom", "conversation_id", "latest"),
            _sees(session, "tom", "customer_id", "u"),
        ]

    assert await store.write(work) == [True, True, True, False, False]


async def test_a_thread_without_a_conversation_is_seen_by_who_serves_the_default_queue(
    store: Database,
) -> None:
    def work(session: Session) -> list[bool]:
        _add_agent(session, "mia", "default")
        _add_agent(session, "tom", "sales")
        add_customer(session, "u", NOON)
        return [_sees(session, agent_id, "customer_id", "u") for agent_id in ("mia", "tom")]

    assert await store.write(work) == [True, False]


@pytest.mark.parametrize("seed", range(3))
async def test_lists_single_reads_and_events_agree_with_each_other(store: Database, seed: int) -> None:
    """On random conversations, for agents in one, two, all and no queues; the rule is spelled out anew."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    agents = {"one": ("sales",), "two": ("default", "night"), "all": QUEUES, "none": ()}
    talks = [
        Talk(
            f"c{number}",
            f"u{number % 15}",
            NOON - timedelta(hours=number),
            chance.choice([None, *QUEUES]),
            chance.choice([None, None, *agents]),
            chance.choice(["open", "active", "waiting", "closed"]),
            [
                (
                    chance.choice([*agents]),
                    NOON - days * DAY,
                    chance.choice([RELEASED, DECLINED]),
                )
                for days in chance.sample([1, 40], chance.randrange(2))
            ],
            [(chance.choice([*agents]), chance.random() < 0.5) for _ in range(chance.randrange(2))],
        )
        for number in range(40)
    ]

    def own(talk: Talk, agent_id: str) -> bool:
        served = any(
            who == agent_id and NOON - at < 30 * DAY and reason == RELEASED
            for who, at, reason in talk.sessions
        )
        return (
            (talk.queue_id or "default") in agents[agent_id]
            or talk.agent_id == agent_id
            or (agent_id, False) in talk.participants
            or (served and talk.status != "closed")
        )

    def work(session: Session) -> None:
        for agent_id, queues in agents.items():
            _add_agent(session, agent_id, *queues)
        for talk in talks:
            _add(session, talk)
        queues_of = queues_of_agents(session, agents)
        threads = viewers_of_threads(session, {talk.customer_id for talk in talks}, NOON)
        for agent_id, queues in agents.items():
            assert queues_of.get(agent_id, frozenset()) == frozenset(queues)
            expected = [talk.id for talk in talks if own(talk, agent_id)]
            assert _listed(session, agent_id) == expected
            for queue_id in QUEUES:
                of_queue = [each.id for each in talks if (each.queue_id or "default") == queue_id]
                assert _listed(session, agent_id, queue_id=queue_id) == [
                    each for each in of_queue if each in expected
                ]
            assert _listed(session, agent_id, page_id=PAGE_A) == expected
            for talk in talks:
                latest = next(each for each in talks if each.customer_id == talk.customer_id)
                sees = own(talk, agent_id) or own(latest, agent_id)
                assert _sees(session, agent_id, "conversation_id", talk.id) is sees
                assert _sees(session, agent_id, "customer_id", talk.customer_id) is own(latest, agent_id)
                viewers = threads[talk.customer_id].of(talk.id)
                assert viewers.include(agent_id, queues_of.get(agent_id, frozenset())) is sees

    await store.write(work)


OF_STATUS = "SEARCH conversation USING INDEX ix_conversation_status_activity (status=?)"
OF_QUEUE = "SEARCH conversation USING INDEX ix_conversation_queue_activity (queue_id=? AND status=?)"
OF_AGENT = "SEARCH conversation USING INDEX ix_conversation_agent_activity (agent_id=? AND status=?)"
OF_PAGE = "SEARCH conversation USING INDEX ix_conversation_page_activity (page_id=? AND status=?)"
BY_ID = "SEARCH conversation USING INDEX sqlite_autoindex_conversation_1 (id=?)"


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """A store in which mia serves one queue, ben all four, and zoe sixteen."""
    engine = make_engine(make_settings(tmp_path).store_url, writes=True)
    with engine.connect() as connection, Session(connection) as session:
        _add_queues(session)
        more = [f"queue{number}" for number in range(12)]
        for name in more:
            session.add(tables.Queue(id=name, name=name, created_at=NOON))
        session.flush()
        _add_agent(session, "mia", "sales")
        _add_agent(session, "ben", *QUEUES)
        _add_agent(session, "zoe", *QUEUES, *more)
        session.commit()
        yield connection
    engine.dispose()


@pytest.mark.parametrize(
    ("agent_id", "wanted", "steps"),
    [
        pytest.param("mia", {}, {OF_QUEUE: 2, OF_AGENT: 2, BY_ID: 2}, id="one-queue"),
        # No queue is a part of the default queue, with ranges of its own.
        pytest.param("ben", {}, {OF_QUEUE: 10, OF_AGENT: 2, BY_ID: 2}, id="few-queues"),
        pytest.param("zoe", {}, {OF_STATUS: 2}, id="many-queues"),
        pytest.param("mia", {"queue_id": "sales"}, {OF_QUEUE: 2}, id="a-queue-of-theirs"),
        pytest.param("mia", {"agent_id": "mia"}, {OF_AGENT: 2}, id="their-own"),
        pytest.param("mia", {"page_id": PAGE_A}, {OF_PAGE: 2}, id="a-page"),
    ],
)
def test_what_an_agent_sees_is_read_in_order_from_indexes(
    connection: Connection, agent_id: str, wanted: dict[str, str], steps: dict[str, int]
) -> None:
    reader = Reader(agent_id, sees_all=False, at=NOON)
    asked = ConversationFilter(statuses=["open", "active"], **wanted)  # type: ignore[arg-type]  # texts, all
    with Session(connection) as session, plans_of(session) as plan:
        assert listing.listed(session, asked, Span(50, newest_first=True), now=NOON, reader=reader) == []
    reads = [step for step in plan if step.startswith(("SEARCH conversation USING", "SCAN conversation"))]
    # At last those that were found are read by their ids.
    assert reads[-1] == BY_ID
    assert Counter(reads[:-1]) == steps
