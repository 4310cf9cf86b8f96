"""What a conversation is judged by, read in few statements, and the words of what Pagedesk says."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from base.json_codec import to_json_value
from domain.conversations.changes import Change
from domain.conversations.state import Notice, QueuedSend, ThreadState
from domain.routing.work_distribution import ConversationDistribution, DistributionMode
from domain.sending.decide_send import SenderKind
from domain.workstreams.automated_texts import DEFAULT_TEXTS
from domain.workstreams.conversation_settings import (
    AutomatedTrigger,
    ConversationSettings,
    Receiver,
    RuleAction,
    Silent,
    TimeOutRule,
)
from store import tables
from store.conversations.conversation_settings import conversation_settings
from store.conversations.created_messages import create_messages
from store.db.database import Database
from store.tables import Message, Page, Workstream
from store.workstreams.automated_messages import CHANNEL, Record, save
from support.store import (
    PAGE_A,
    PAGE_B,
    PUBLIC_URL,
    add_conversation,
    add_customer,
    rows,
    seeded_store,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CUSTOMER, CONVERSATION = "customer-a", "conversation-a"
T = AutomatedTrigger


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    """Two pages of one workstream; Ada has a conversation with the agent Mia on the first."""

    def work(session: Session) -> None:
        session.add(tables.Agent(id="mia", name="Mia Sommer", role="agent", created_at=NOON))
        add_customer(session, CUSTOMER, NOON, name="Ada")
        add_conversation(session, CONVERSATION, CUSTOMER, NOON, status="open", reason="customer_wrote")

    async with seeded_store(tmp_path, work) as store:
        yield store


def _row(rule_id: str, **values: Any) -> tables.TimeOutRule:
    row: dict[str, Any] = {
        "id": rule_id,
        "workstream_id": "messenger",
        "silent": "customer",
        "after_seconds": 7200,
        "action": "close",
        "created_at": NOON,
    }
    return tables.TimeOutRule(**{**row, **values})


async def _say(store: Database, trigger: T, page_id: str | None, texts: dict[str, str], **more: Any) -> None:
    said = replace(Record(active=True, texts=texts, fallback_language=None, description=None), **more)
    await store.write(lambda session: save(session, page_id or CHANNEL, trigger, said, NOON))


async def _live(store: Database, page_id: str = PAGE_A) -> ConversationSettings:
    return await store.read(lambda session: conversation_settings(session, page_id))


async def test_without_a_word_of_an_admin_the_settings_are_the_defaults(store: Database) -> None:
    assert await _live(store) == replace(
        ConversationSettings(),
        auto_close_waiting_after_seconds=3600,
        workstream_id="messenger",
        distribution=ConversationDistribution(mode=DistributionMode.PICK),
    )


async def test_a_conversation_gets_those_settings_of_work_distribution_that_its_rules_read(
    store: Database,
) -> None:
    read = await _live(store)
    assert to_json_value(read)["distribution"].keys() == {
        "mode",
        "allow_picking",
        "need",
        "wrap_up",
        "skill_matching",
        "when_agent_gone",
        "notification",
    }


async def test_settings_take_four_statements_at_most_however_much_is_set(store: Database) -> None:
    await store.write(lambda session: session.add_all([_row(f"r{number}") for number in range(20)]))
    for trigger in T:
        await _say(store, trigger, None, {"en": "Hi"})
        await _say(store, trigger, PAGE_A, {"de": "Hallo"})
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(store._read_engine, "before_cursor_execute", note)
    settings = await _live(store)
    assert len(settings.time_out_rules) == 20
    assert settings.automated_messages == tuple(sorted(T))
    assert len([each for each in statements if not each.startswith("BEGIN")]) <= 4


async def test_only_active_rules_of_the_pages_workstream_count_in_a_fixed_order(store: Database) -> None:
    def work(session: Session) -> None:
        session.add(
            Workstream(id="other", name="Other", auto_close_waiting_after_seconds=60, created_at=NOON)
        )
        session.flush()
        session.add_all(
            [
                _row("late", priority=2),
                _row("b", priority=1),
                _row("a", priority=1, silent="agent", action="send", receiver="agent"),
                _row("off", active=False),
                _row("foreign", workstream_id="other"),
            ]
        )

    await store.write(work)
    assert (await _live(store)).time_out_rules == (
        TimeOutRule("a", Silent.AGENT, 7200, RuleAction.SEND, 1, Receiver.AGENT),
        TimeOutRule("b", Silent.CUSTOMER, 7200, RuleAction.CLOSE, 1),
        TimeOutRule("late", Silent.CUSTOMER, 7200, RuleAction.CLOSE, 2),
    )


async def test_a_page_overrides_the_channel_in_both_directions(store: Database) -> None:
    await _say(store, T.GREETING, None, {}, active=False)
    await _say(store, T.PRIVACY_NOTICE, None, {})
    await _say(store, T.GREETING, PAGE_A, {})
    await _say(store, T.PRIVACY_NOTICE, PAGE_A, {}, active=False)
    of_queues = {T.OUT_OF_HOURS, T.HOLIDAY, T.OVERFLOW_ENDED}
    told = {T.MESSAGE_NOT_SENT, T.OUTSIDE_WINDOW, T.FILE_TOO_LARGE, T.UNSUPPORTED_MESSAGE} | of_queues
    assert set((await _live(store)).automated_messages) == told | {T.GREETING}
    assert set((await _live(store, PAGE_B)).automated_messages) == told | {T.PRIVACY_NOTICE}


async def test_a_workstream_may_forbid_what_goes_to_customers(store: Database) -> None:
    def work(session: Session) -> None:
        session.get_one(Workstream, "messenger").allow_automated_messages = False
        session.add_all(
            [
                _row("speaks", action="send"),
                _row("tells", action="send", receiver="agent"),
                _row("closes"),
            ]
        )

    await store.write(work)
    await _say(store, T.AGENT_JOINED, None, {})
    settings = await _live(store)
    assert settings.automated_messages == (T.MESSAGE_NOT_SENT, T.OUTSIDE_WINDOW)
    assert [rule.id for rule in settings.time_out_rules] == ["closes", "tells"]


async def _said(
    store: Database,
    trigger: str,
    *,
    cause_id: str | None = None,
    agent_id: str | None = "mia",
    prepare: Callable[[Session], None] | None = None,
) -> Message:
    """The row that is made of one automated send."""
    send = QueuedSend(
        "m1",
        SenderKind.AUTOMATIC,
        CONVERSATION,
        trigger=trigger,
        cause_id=cause_id,
        agent_id=agent_id,
    )

    def work(session: Session) -> None:
        if prepare is not None:
            prepare(session)
            session.flush()
        change = Change(ThreadState(), created_sends=(send,))
        page = session.get_one(Page, PAGE_A)
        create_messages(session, page, CUSTOMER, change, NOON, public_url=PUBLIC_URL)

    await store.write(work)
    (row,) = await rows(store, Message)
    return row


def _speak(language: str) -> Callable[[Session], None]:
    def work(session: Session) -> None:
        session.get_one(Page, PAGE_A).language = language

    return work


@pytest.mark.parametrize(
    ("language", "texts", "fallback", "expected"),
    [
        ("de-AT", {"de": "Hallo", "de-AT": "Servus", "en": "Hi"}, "en", "Servus"),
        ("de-CH", {"de": "Hallo", "de-AT": "Servus", "en": "Hi"}, "en", "Hallo"),
        ("fr", {"de": "Hallo", "en": "Hi"}, "de", "Hallo"),
        ("fr", {"de": "Hallo", "en": "Hi"}, None, DEFAULT_TEXTS[T.GREETING]["en"]),
        ("es", {"de": "Hallo"}, None, DEFAULT_TEXTS[T.GREETING]["es"]),
        ("DE-at", {"de-AT": "Servus"}, None, "Servus"),
    ],
)
async def test_the_text_is_in_the_pages_language_or_its_kin_or_the_fallback(
    store: Database, language: str, texts: dict[str, str], fallback: str | None, expected: str
) -> None:
    await _say(store, T.GREETING, PAGE_A, texts, fallback_language=fallback)
    assert (await _said(store, T.GREETING, prepare=_speak(language))).text == expected


def _is(**values: Any) -> Callable[[Session], None]:
    """The customer as they are known."""

    def work(session: Session) -> None:
        session.get_one(tables.Customer, CUSTOMER).sqlmodel_update(values)

    return work


@pytest.mark.parametrize(
    ("locale", "texts", "fallback", "expected"),
    [
        ("de_DE", {"de": "Hallo", "en": "Hi"}, None, "Hallo"),
        ("de_AT", {"de": "Hallo", "de-AT": "Servus", "en": "Hi"}, None, "Servus"),
        ("fr_FR", {"de": "Hallo", "en": "Hi"}, "de", "Hi"),  # the page's is English
        ("fr_FR", {"de": "Hallo"}, "de", "Hallo"),
        ("es_ES", {"en": "Hi"}, None, "Hi"),  # what the page says itself comes before the stock text
        ("es_ES", {"de": "Hallo"}, None, DEFAULT_TEXTS[T.GREETING]["es"]),
        ("es_ES", {}, None, DEFAULT_TEXTS[T.GREETING]["es"]),
        ("fr_FR", {}, None, DEFAULT_TEXTS[T.GREETING]["en"]),
        (None, {"de": "Hallo", "en": "Hi"}, None, "Hi"),
    ],
)
async def test_the_customers_language_comes_first(
    store: Database, locale: str | None, texts: dict[str, str], fallback: str | None, expected: str
) -> None:
    if texts:
        await _say(store, T.GREETING, PAGE_A, texts, fallback_language=fallback)
    assert (await _said(store, T.GREETING, prepare=_is(locale=locale))).text == expected


async def test_a_rule_speaks_the_customers_language_too(store: Database) -> None:
    rule = _row("r1", action="send", texts={"en": "There?", "de": "Noch da?"}, fallback_language="en")

    def prepare(session: Session) -> None:
        session.add(rule)
        _is(locale="de_DE")(session)

    assert (await _said(store, "rule", cause_id="r1", prepare=prepare)).text == "Noch da?"


@pytest.mark.parametrize(
    ("texts", "customer", "reason"),
    [
        ({"en": "Hi {CustomerName|there}!"}, {"profile_due_at": NOON}, "awaits_profile"),
        ({"en": "Hi", "de": "Hallo"}, {"profile_due_at": NOON}, "awaits_profile"),
        ({"en": "Hi"}, {"profile_due_at": NOON}, None),
        ({}, {"profile_due_at": NOON}, None),
        ({"en": "Hi {CustomerName|there}!"}, {"profile_asked_at": NOON}, None),
        ({"en": "Hi {CustomerName|there}!"}, {"profile_due_at": NOON, "profile_asked_at": NOON}, None),
    ],
)
async def test_first_words_await_a_profile_that_is_due_and_makes_a_difference(
    store: Database, texts: dict[str, str], customer: dict[str, Any], reason: str | None
) -> None:
    if texts:
        await _say(store, T.GREETING, PAGE_A, texts)
    row = await _said(store, T.GREETING, prepare=_is(name=None, **customer))
    assert (row.status, row.reason) == ("queued", reason)
    assert "there" in (row.text or "") or "Customer" not in (texts.get("en") or "")


async def test_what_is_said_later_does_not_wait(store: Database) -> None:
    await _say(store, T.AGENT_JOINED, PAGE_A, {"en": "Hi {CustomerName|there}!"})
    row = await _said(store, T.AGENT_JOINED, prepare=_is(name=None, profile_due_at=NOON))
    assert (row.text, row.reason) == ("Hi there!", None)


@pytest.mark.parametrize(
    ("cause", "begins"),
    [
        ("window_closed", "The message was not sent: Meta's messaging window is closed until"),
        (
            "human_agent_tag_disabled",
            "The message was not sent: Meta's 24 hours are over. With the human agent tag",
        ),
        (
            "held",
            "Meta's messaging window is closed: the message is held. When the customer writes again, it",
        ),
    ],
)
async def test_the_agents_notice_says_what_is_so(store: Database, cause: str, begins: str) -> None:
    def notices(name: str) -> tuple[Notice, ...]:
        return (Notice(name, CONVERSATION, T.OUTSIDE_WINDOW, cause_id=cause, agent_id="mia"),)

    def work(session: Session) -> None:
        _is(locale="es_ES")(session)
        page = session.get_one(Page, PAGE_A)
        for language in ("en", "de"):
            page.language = language
            change = Change(ThreadState(), notices=notices(language))
            create_messages(session, page, CUSTOMER, change, NOON, public_url=PUBLIC_URL)

    await store.write(work)
    german, english = sorted(await rows(store, Message), key=lambda row: row.id)
    assert (english.text or "").startswith(begins)
    assert "Nachricht" in (german.text or "")
    assert (english.reason, english.status, english.direction) == (cause, None, "internal")


async def test_a_pages_text_comes_before_the_channels_and_that_before_the_stock(store: Database) -> None:
    await _say(store, T.GREETING, None, {"en": "channel"})
    await _say(store, T.GREETING, PAGE_B, {"en": "other page"})
    assert (await _said(store, T.GREETING)).text == "channel"


async def test_every_placeholder_is_filled_in(store: Database) -> None:
    text = "{CustomerName}/{AgentName}/{PageName}/{QueueName}/{$Order$}/{$order$}/{$Total$}/{Other}"
    await _say(store, T.AGENT_JOINED, PAGE_A, {"en": text})

    def prepare(session: Session) -> None:
        for name, value in (("Order", '"A-17"'), ("Total", "12.5")):
            session.add(
                tables.ContextVariable(conversation_id=CONVERSATION, name=name, value=value, changed_at=NOON)
            )
        session.add(tables.Queue(id="sales", name="Sales", created_at=NOON))
        session.get_one(tables.Conversation, CONVERSATION).queue_id = "sales"

    row = await _said(store, T.AGENT_JOINED, prepare=prepare)
    assert row.text == f"Ada/Mia Sommer/Page {PAGE_A}/Sales/A-17//12.5/{{Other}}"
    assert (row.kind, row.direction, row.status) == ("agent_joined", "outbound", "queued")


async def test_a_text_that_comes_out_blank_gives_way_to_the_stock_text(store: Database) -> None:
    await _say(store, T.GREETING, PAGE_A, {"en": " {$NobodySetThis$} "})
    assert (await _said(store, T.GREETING)).text == DEFAULT_TEXTS[T.GREETING]["en"]


async def test_names_that_grow_too_long_are_cut_to_what_meta_takes(store: Database) -> None:
    await _say(store, T.GREETING, PAGE_A, {"en": "x" * 1990 + "{CustomerName}"})

    def prepare(session: Session) -> None:
        session.get_one(tables.Customer, CUSTOMER).name = "\U0001f600" * 50

    text = (await _said(store, T.GREETING, prepare=prepare)).text or ""
    assert text == "x" * 1990 + "\U0001f600" * 5


async def test_a_rule_says_its_own_text(store: Database) -> None:
    rule = _row("r1", action="send", texts={"en": "There, {CustomerName}?"}, fallback_language="en")
    row = await _said(store, "rule", cause_id="r1", prepare=lambda session: session.add(rule))
    assert (row.kind, row.text) == ("rule", "There, Ada?")


async def test_a_rule_that_was_deleted_meanwhile_leaves_a_message_without_words(store: Database) -> None:
    row = await _said(store, "rule", cause_id="gone")
    assert (row.text, row.status) == (None, "queued")  # the send activity fails it as empty_message


async def test_a_notice_stays_inside_and_one_without_words_shows_that(store: Database) -> None:
    notices = (
        Notice("n1", CONVERSATION, T.MESSAGE_NOT_SENT, agent_id="mia"),
        Notice("n2", CONVERSATION, "rule", "gone", "mia"),
    )

    def work(session: Session) -> None:
        change = Change(ThreadState(), notices=notices)
        page = session.get_one(Page, PAGE_A)
        create_messages(session, page, CUSTOMER, change, NOON, public_url=PUBLIC_URL)

    await store.write(work)
    await store.write(work)
    told, wordless = sorted(await rows(store, Message), key=lambda row: row.id)
    assert (told.direction, told.status, told.reason) == ("internal", None, None)
    assert told.text == DEFAULT_TEXTS[T.MESSAGE_NOT_SENT]["en"]
    assert (wordless.direction, wordless.status, wordless.reason) == (
        "internal",
        "failed",
        "empty_message",
    )
