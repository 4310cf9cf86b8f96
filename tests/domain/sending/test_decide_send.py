"""decide_send: who may send what in each stage, and that no permission is ever given outside the window."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.sending.decide_send import (
    ContentKind,
    Permission,
    RefusalCode,
    SenderKind,
    SendRefusal,
    decide_send,
)
from domain.sending.window import NEVER_OPENED, Opening, OpeningKind, Stage, Window, opening, window_of

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MS = timedelta(milliseconds=1)
HOURS_24 = timedelta(hours=24)
DAYS_7 = timedelta(days=7)
WROTE_AT_NOON = window_of([opening(OpeningKind.MESSAGE, occurred_at=NOON, received_at=NOON)])
REACTED_AT_NOON = window_of([opening(OpeningKind.REACTION, occurred_at=NOON, received_at=NOON)])

RESPONSE = Permission("RESPONSE", None, "standard_window")
HUMAN_AGENT = Permission("MESSAGE_TAG", "HUMAN_AGENT", "human_agent_tag")
CUSTOMER_FEEDBACK = Permission("MESSAGE_TAG", "CUSTOMER_FEEDBACK", "customer_feedback_tag")

near = st.integers(min_value=-10 * 86_400_000, max_value=10 * 86_400_000).map(
    lambda ms: NOON + timedelta(milliseconds=ms)
)
openings = st.builds(
    lambda kind, at: opening(kind, occurred_at=at, received_at=at), st.sampled_from(OpeningKind), near
)
senders = st.sampled_from(SenderKind)
contents = st.sampled_from(ContentKind)


def code_of(decision: Permission | SendRefusal) -> str:
    assert isinstance(decision, SendRefusal), decision
    return decision.code


@pytest.mark.parametrize("sender", SenderKind)
@pytest.mark.parametrize("content", ContentKind)
@pytest.mark.parametrize("human_agent_tag", [True, False])
@pytest.mark.parametrize("now", [NOON, NOON + HOURS_24 - MS])
def test_inside_standard_everybody_responds_without_a_tag(
    sender: SenderKind, content: ContentKind, now: datetime, *, human_agent_tag: bool
) -> None:
    assert decide_send(now, WROTE_AT_NOON, sender, content, human_agent_tag=human_agent_tag) == RESPONSE


@pytest.mark.parametrize("now", [NOON + HOURS_24, NOON + DAYS_7 - MS])
def test_after_it_an_agent_with_the_tag_writes_until_7_days(now: datetime) -> None:
    decision = decide_send(now, WROTE_AT_NOON, SenderKind.AGENT, ContentKind.MESSAGE, human_agent_tag=True)
    assert decision == HUMAN_AGENT


@pytest.mark.parametrize("now", [NOON + HOURS_24, NOON + DAYS_7 - MS])
def test_an_agent_without_the_tag_is_told_so(now: datetime) -> None:
    decision = decide_send(now, WROTE_AT_NOON, SenderKind.AGENT, ContentKind.MESSAGE, human_agent_tag=False)
    assert decision == SendRefusal(RefusalCode.HUMAN_AGENT_TAG_DISABLED, WROTE_AT_NOON, Stage.HUMAN_AGENT)


@pytest.mark.parametrize("sender", [SenderKind.BOT, SenderKind.AUTOMATIC, SenderKind.SURVEY])
@pytest.mark.parametrize("human_agent_tag", [True, False])
def test_only_people_write_after_24_hours(sender: SenderKind, *, human_agent_tag: bool) -> None:
    decision = decide_send(
        NOON + HOURS_24, WROTE_AT_NOON, sender, ContentKind.MESSAGE, human_agent_tag=human_agent_tag
    )
    assert code_of(decision) == "automated_message_outside_window"


@pytest.mark.parametrize("sender", SenderKind)
@pytest.mark.parametrize("human_agent_tag", [True, False])
def test_the_feedback_template_has_its_own_tag_until_7_days(
    sender: SenderKind, *, human_agent_tag: bool
) -> None:
    def decide(now: datetime) -> Permission | SendRefusal:
        return decide_send(
            now, WROTE_AT_NOON, sender, ContentKind.FEEDBACK_TEMPLATE, human_agent_tag=human_agent_tag
        )

    assert decide(NOON + HOURS_24) == CUSTOMER_FEEDBACK
    assert decide(NOON + DAYS_7 - MS) == CUSTOMER_FEEDBACK
    assert code_of(decide(NOON + DAYS_7)) == "window_closed"


@pytest.mark.parametrize("content", ContentKind)
def test_a_reaction_allows_nothing_after_24_hours(content: ContentKind) -> None:
    decision = decide_send(NOON + HOURS_24, REACTED_AT_NOON, SenderKind.AGENT, content, human_agent_tag=True)
    assert code_of(decision) == "window_closed"


@given(sender=senders, content=contents, now=near, human_agent_tag=st.booleans())
def test_nothing_goes_to_a_customer_who_never_acted(
    sender: SenderKind, content: ContentKind, now: datetime, *, human_agent_tag: bool
) -> None:
    decision = decide_send(now, NEVER_OPENED, sender, content, human_agent_tag=human_agent_tag)
    assert code_of(decision) == "window_never_opened"


@given(
    given_openings=st.lists(openings, max_size=6),
    now=near,
    sender=senders,
    content=contents,
    human_agent_tag=st.booleans(),
)
def test_every_permission_is_covered_by_an_opening(
    given_openings: list[Opening],
    now: datetime,
    sender: SenderKind,
    content: ContentKind,
    *,
    human_agent_tag: bool,
) -> None:
    window = window_of(given_openings)
    decision = decide_send(now, window, sender, content, human_agent_tag=human_agent_tag)
    in_24_hours = any(now < each.at + HOURS_24 for each in given_openings)
    in_7_days = any(
        now < each.at + DAYS_7
        for each in given_openings
        if each.kind not in {OpeningKind.REACTION, OpeningKind.M_ME_LINK, OpeningKind.OPT_IN}
    )
    if decision == RESPONSE:
        assert in_24_hours
    elif decision == HUMAN_AGENT:
        assert in_7_days
        assert (sender, content, human_agent_tag) == (SenderKind.AGENT, ContentKind.MESSAGE, True)
    elif decision == CUSTOMER_FEEDBACK:
        assert in_7_days
        assert content is ContentKind.FEEDBACK_TEMPLATE
    else:
        assert isinstance(decision, SendRefusal)
        assert not in_24_hours
        assert (decision.window, decision.stage) == (window, window.stage_at(now))


@given(
    st.lists(openings, max_size=6),
    near,
    st.sampled_from([SenderKind.BOT, SenderKind.AUTOMATIC, SenderKind.SURVEY]),
)
def test_no_machine_ever_gets_the_human_agent_tag(
    given_openings: list[Opening], now: datetime, sender: SenderKind
) -> None:
    for content in ContentKind:
        decision = decide_send(now, window_of(given_openings), sender, content, human_agent_tag=True)
        assert not isinstance(decision, Permission) or decision.tag != "HUMAN_AGENT"


@given(now=near, sender=senders, content=contents, human_agent_tag=st.booleans())
def test_no_other_messaging_type_or_tag_exists(
    now: datetime, sender: SenderKind, content: ContentKind, *, human_agent_tag: bool
) -> None:
    windows: list[Window] = [WROTE_AT_NOON, REACTED_AT_NOON, NEVER_OPENED]
    for window in windows:
        decision = decide_send(now, window, sender, content, human_agent_tag=human_agent_tag)
        assert isinstance(decision, SendRefusal) or decision in (RESPONSE, HUMAN_AGENT, CUSTOMER_FEEDBACK)
