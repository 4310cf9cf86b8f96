"""Meta's messaging window, to the millisecond."""

import pytest

from sandbox.windows import DAY_MS, DEFAULT_LENGTHS_S, WEEK_MS, Window

T0 = 1_795_341_600_000


def opened(kind: str, at_ms: int = T0, **lengths_s: int) -> Window:
    window = Window()
    window.open(kind, at_ms, {**DEFAULT_LENGTHS_S, **lengths_s})
    return window


@pytest.mark.parametrize("kind", sorted(DEFAULT_LENGTHS_S))
@pytest.mark.parametrize(
    ("after_ms", "refusal"),
    [(0, None), (DAY_MS - 1, None), (DAY_MS, "outside_window"), (DAY_MS + 1, "outside_window")],
)
@pytest.mark.parametrize("messaging_type", [None, "RESPONSE", "UPDATE"])
def test_every_opening_gives_24_hours_and_not_a_millisecond_more(
    kind: str, after_ms: int, refusal: str | None, messaging_type: str | None
) -> None:
    assert opened(kind).refusal(T0 + after_ms, messaging_type, None) == refusal


@pytest.mark.parametrize(
    ("kind", "after_ms", "refusal"),
    [
        ("message", WEEK_MS - 1, None),
        ("message", WEEK_MS, "outside_window"),
        ("quick_reply", WEEK_MS - 1, None),
        ("postback", WEEK_MS - 1, None),
        ("ad_message", WEEK_MS - 1, None),
        ("reaction", DAY_MS - 1, None),
        ("reaction", DAY_MS, "outside_window"),
        ("m_me_link", DAY_MS, "outside_window"),
        ("plugin_optin", DAY_MS, "outside_window"),
    ],
)
def test_a_person_may_answer_for_7_days_after_words_but_not_after_gestures(
    kind: str, after_ms: int, refusal: str | None
) -> None:
    assert opened(kind).refusal(T0 + after_ms, "MESSAGE_TAG", "HUMAN_AGENT") == refusal


@pytest.mark.parametrize(
    ("messaging_type", "tag", "feedback", "refusal"),
    [
        ("MESSAGE_TAG", "CONFIRMED_EVENT_UPDATE", False, "retired_tag"),
        ("MESSAGE_TAG", "ACCOUNT_UPDATE", False, "retired_tag"),
        ("MESSAGE_TAG", "POST_PURCHASE_UPDATE", False, "retired_tag"),
        ("MESSAGE_TAG", "NON_PROMOTIONAL_SUBSCRIPTION", False, "unknown_tag"),
        ("MESSAGE_TAG", None, False, "tag_mismatch"),
        ("RESPONSE", "HUMAN_AGENT", False, "tag_mismatch"),
        ("UPDATE", "HUMAN_AGENT", False, "tag_mismatch"),
        ("ANYTHING", None, False, "unknown_messaging_type"),
        ("UTILITY", None, False, "utility_template"),
        ("MESSAGE_TAG", "CUSTOMER_FEEDBACK", False, "feedback_tag"),
        ("MESSAGE_TAG", "CUSTOMER_FEEDBACK", True, None),
        (None, "HUMAN_AGENT", False, None),
    ],
)
def test_tags_and_types_are_judged_even_inside_the_window(
    messaging_type: str | None,
    tag: str | None,
    feedback: bool,
    refusal: str | None,
) -> None:
    assert opened("message").refusal(T0, messaging_type, tag, feedback_template=feedback) == refusal


def test_the_feedback_tag_reaches_7_days() -> None:
    window = opened("message")
    at = T0 + WEEK_MS
    assert window.refusal(at - 1, "MESSAGE_TAG", "CUSTOMER_FEEDBACK", feedback_template=True) is None
    assert window.refusal(at, "MESSAGE_TAG", "CUSTOMER_FEEDBACK", feedback_template=True) == "outside_window"


def test_a_thread_without_an_opening_is_closed() -> None:
    assert Window().refusal(T0, "RESPONSE", None) == "outside_window"
    assert Window().stage(T0) == "closed"


def test_late_and_out_of_order_openings_never_shorten() -> None:
    window = opened("message")
    window.open("reaction", T0 - 1000, DEFAULT_LENGTHS_S)
    assert (window.standard_until, window.opened_by, window.opened_at) == (T0 + DAY_MS, "message", T0)
    window.open("reaction", T0 + 1000, DEFAULT_LENGTHS_S)
    assert (window.standard_until, window.human_agent_until) == (T0 + 1000 + DAY_MS, T0 + WEEK_MS)


def test_an_ad_may_open_7_days_and_a_later_message_does_not_shorten_them() -> None:
    window = opened("ad_message", ad_message=7 * 86_400)
    window.open("message", T0 + DAY_MS, DEFAULT_LENGTHS_S)
    assert window.refusal(T0 + WEEK_MS - 1, "RESPONSE", None) is None
    assert window.refusal(T0 + WEEK_MS, "RESPONSE", None) == "outside_window"


def test_the_stage_follows_the_clock() -> None:
    window = opened("message")
    stages = [window.stage(T0 + ms) for ms in (0, DAY_MS - 1, DAY_MS, WEEK_MS - 1, WEEK_MS)]
    assert stages == ["standard", "standard", "human_agent", "human_agent", "closed"]
