"""Lists are read in order from indexes, however many rows there are: nothing but a page or two is sorted."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection
from sqlmodel import Session

from domain.conversations.state import SurveyStatus
from store.access.visibility import Reader
from store.conversations import listing as conversations
from store.conversations import outbound_messages as own_messages
from store.conversations import transcripts
from store.conversations.list_filters import ConversationFilter, Sort, WindowFilter
from store.conversations.outbound_messages import MessageFilter
from store.customers import customers
from store.customers.customers import CustomerFilter
from store.db.engines import make_engine
from store.db.ranges import Span
from store.events import timeline
from store.events.timeline import EventFilter
from store.surveys import results as survey_results
from store.surveys.results import SurveyFilter
from support.plans import plans_of
from support.store import PAGE_A, make_settings

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)

ALL = Reader("admin", sees_all=True, at=NOON)
MIA = Reader("mia", sees_all=False, at=NOON)

Read = Callable[[Session, Span[Any]], list[Any]]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """A connection to an empty store: SQLite's plans do not depend on what is in it."""
    engine = make_engine(make_settings(tmp_path).store_url, writes=False)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def plan(connection: Connection, read: Read, span: Span[Any]) -> list[str]:
    """How SQLite answers the list, step by step."""
    with Session(connection) as session, plans_of(session) as steps:
        assert read(session, span) == []
    return steps


def conversations_of(**wanted: Any) -> Read:
    return lambda session, span: conversations.listed(
        session, ConversationFilter(**wanted), span, now=NOON, reader=ALL
    )


def sorted_by(sort: Sort, **wanted: Any) -> Read:
    return lambda session, span: conversations.listed(
        session, ConversationFilter(**wanted), span, now=NOON, reader=MIA, sort=sort
    )


def own(**wanted: Any) -> Read:
    return lambda session, span: own_messages.listed(session, MessageFilter(**wanted), ALL, span)


def people(**wanted: Any) -> Read:
    return lambda session, span: customers.listed(session, CustomerFilter(**wanted), ALL, span)


def surveys(**wanted: Any) -> Read:
    return lambda session, span: survey_results.listed(session, SurveyFilter(**wanted), ALL, span)


def log(**wanted: Any) -> Read:
    return lambda session, span: timeline.listed(session, EventFilter(**wanted), span)


@pytest.mark.parametrize(
    ("read", "place", "steps"),
    [
        pytest.param(
            conversations_of(),
            (NOON, "c"),
            ["SEARCH conversation USING INDEX ix_conversation_status_activity (status=?)"] * 5,
            id="conversations",
        ),
        pytest.param(
            conversations_of(statuses=["open", "active"]),
            (NOON, "c"),
            ["SEARCH conversation USING INDEX ix_conversation_status_activity (status=?)"] * 2,
            id="of-two-statuses",
        ),
        pytest.param(
            conversations_of(statuses=["open"], page_id=PAGE_A),
            (NOON, "c"),
            ["SEARCH conversation USING INDEX ix_conversation_page_activity (page_id=? AND status=?)"],
            id="of-a-page",
        ),
        pytest.param(
            conversations_of(statuses=["active"], agent_id="a"),
            (NOON, "c"),
            ["SEARCH conversation USING INDEX ix_conversation_agent_activity (agent_id=? AND status=?)"],
            id="of-an-agent",
        ),
        pytest.param(
            conversations_of(statuses=["open"], queue_id="q"),
            (NOON, "c"),
            ["SEARCH conversation USING INDEX ix_conversation_queue_activity (queue_id=? AND status=?)"],
            id="of-a-queue",
        ),
        pytest.param(
            sorted_by(Sort.OWED),
            (NOON, "c"),
            ["SEARCH conversation USING INDEX ix_conversation_owed (owed_since>?)"],
            id="owed",
        ),
        pytest.param(
            sorted_by(Sort.OWED, statuses=["open"], page_id=PAGE_A, queue_id="q"),
            (NOON, "c"),
            ["SEARCH conversation USING INDEX ix_conversation_owed (owed_since>?)"],
            id="owed-of-a-page-and-a-queue",
        ),
        pytest.param(
            sorted_by(Sort.DEADLINE),
            (NOON, "c"),
            [
                "SEARCH thread USING INDEX ix_thread_standard_until (standard_until>?)",
                "SEARCH thread USING INDEX ix_thread_human_agent_until (human_agent_until>?)",
            ],
            id="by-deadline",
        ),
        pytest.param(
            own(status="held"),
            (NOON, "m"),
            ["SEARCH message USING INDEX ix_message_status (status=?)"],
            id="own-messages",
        ),
        pytest.param(
            own(status="failed", agent_id="a"),
            (NOON, "m"),
            ["SEARCH message USING INDEX ix_message_agent_status (agent_id=? AND status=?)"],
            id="own-messages-of-an-agent",
        ),
        pytest.param(
            own(status="sent", page_id=PAGE_A),
            (NOON, "m"),
            ["SEARCH message USING INDEX ix_message_page_status (page_id=? AND status=?)"],
            id="own-messages-of-a-page",
        ),
        pytest.param(
            people(), (NOON, "c"), ["SCAN customer USING INDEX ix_customer_created"], id="customers"
        ),
        pytest.param(
            people(page_id=PAGE_A),
            (NOON, "c"),
            ["SEARCH customer USING INDEX ix_customer_page_created (page_id=?)"],
            id="customers-of-a-page",
        ),
        pytest.param(surveys(), (NOON, "s"), ["SCAN survey USING INDEX ix_survey_ended"], id="surveys"),
        pytest.param(
            surveys(page_id=PAGE_A),
            (NOON, "s"),
            ["SEARCH survey USING INDEX ix_survey_page_ended (page_id=?)"],
            id="surveys-of-a-page",
        ),
        pytest.param(
            surveys(status=SurveyStatus.EXPIRED),
            (NOON, "s"),
            ["SEARCH survey USING INDEX ix_survey_status_ended (status=?)"],
            id="surveys-of-an-outcome",
        ),
        pytest.param(
            log(page_id=PAGE_A),
            (5,),
            ["SEARCH event USING INDEX ix_event_page (page_id=?)"],
            id="log-of-a-page",
        ),
        pytest.param(
            log(conversation_id="c"),
            (5,),
            ["SEARCH event USING INDEX ix_event_conversation (conversation_id=?)"],
            id="timeline",
        ),
        pytest.param(
            lambda session, span: transcripts.of_conversation(session, "c", span),
            (NOON, 5, "m"),
            ["SEARCH message USING INDEX ix_message_conversation (conversation_id=?)"],
            id="messages-of-a-conversation",
        ),
        pytest.param(
            lambda session, span: transcripts.of_thread(session, "c", span),
            (NOON, 5, "m"),
            ["SEARCH message USING INDEX ix_message_thread (customer_id=?)"],
            id="messages-of-a-thread",
        ),
    ],
)
@pytest.mark.parametrize("newest_first", [True, False])
def test_a_list_is_read_in_order_from_its_index(
    connection: Connection, read: Read, place: tuple[Any, ...], steps: list[str], *, newest_first: bool
) -> None:
    indexed = [step.split(" (")[0].split(" INDEX ")[1] for step in steps]
    whole = reading(plan(connection, read, Span(50, newest_first=newest_first)), steps[0].split()[1])
    assert whole[: len(steps)] == steps
    after, before = (Span(50, newest_first=newest_first, **{bound: place}) for bound in ("after", "before"))
    for span in (after, before):
        part = reading(plan(connection, read, span), steps[0].split()[1])[: len(steps)]
        assert [step.split(" (")[0].split(" INDEX ")[1] for step in part] == indexed
        assert all("<" in step or ">" in step for step in part), "It begins at its place."


BY_MESSAGE = [
    "SEARCH message USING INDEX sqlite_autoindex_message_1 (id=?)",
    "SEARCH search_text USING INTEGER PRIMARY KEY (rowid=?)",
    "SCAN search_index_message VIRTUAL TABLE INDEX 192:M1",
]
BY_NAME = [
    "SEARCH search_text USING INTEGER PRIMARY KEY (rowid=?)",
    "SCAN search_index_name VIRTUAL TABLE INDEX 192:M1",
]


@pytest.mark.parametrize(
    "wanted",
    [{}, {"page_id": PAGE_A, "statuses": ["active"]}, {"agent_id": "a"}, {"window": WindowFilter.CLOSED}],
    ids=lambda wanted: "-".join(wanted) or "alone",
)
def test_a_search_begins_with_what_matches(connection: Connection, wanted: dict[str, Any]) -> None:
    """Whatever else narrows it: what matches is at most a thousand, and of a page there may be all."""
    steps = plan(connection, conversations_of(text="refund", **wanted), Span(50, newest_first=True))
    reads = [step for step in steps if step.startswith(("SEARCH", "SCAN")) and " anon" not in step]
    of_message, of_customer = [
        ["SEARCH conversation USING INDEX sqlite_autoindex_conversation_1 (id=?)", *BY_MESSAGE],
        ["SEARCH conversation USING INDEX ix_conversation_customer_activity (customer_id=?)", *BY_NAME],
    ]
    if "window" in wanted:
        thread = "SEARCH thread USING INDEX sqlite_autoindex_thread_1 (customer_id=?)"
        of_message, of_customer = [*of_message, thread], [*of_customer, thread]
    assert reads[: len(of_message) + len(of_customer)] == [*of_message, *of_customer]


@pytest.mark.postgres
@pytest.mark.parametrize("read", [conversations_of(text="refund", page_id=PAGE_A), people(text="ada")])
def test_postgresql_finds_what_matches_before_anything_is_joined_with_it(
    postgres_url: str, tmp_path: Path, read: Read
) -> None:
    """Left to itself it joins, begins with all of a page, and looks at each one's messages: seconds."""
    settings = make_settings(tmp_path, database_url=postgres_url, master_key=SecretStr("A" * 43 + "="))
    engine = make_engine(settings.store_url, writes=False)
    with engine.connect() as connection:
        steps = plan(connection, read, Span(50, newest_first=True))
    engine.dispose()
    assert [step for step in steps if step.startswith("InitPlan")]
    assert not [step for step in steps if "Semi Join" in step]


def test_a_search_of_customers_begins_with_the_names_that_match(connection: Connection) -> None:
    steps = plan(connection, people(text="ada", page_id=PAGE_A), Span(50))
    assert [step for step in steps if step.startswith(("SEARCH", "SCAN"))] == [
        "SEARCH customer USING INDEX sqlite_autoindex_customer_1 (id=?)",
        *BY_NAME,
    ]


def reading(steps: list[str], table: str) -> list[str]:
    """The steps that read this table."""
    return [step for step in steps if step.startswith((f"SEARCH {table} USING", f"SCAN {table} USING"))]
