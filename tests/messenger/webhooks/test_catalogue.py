"""The committed table of webhook events: complete, and true to the routing law and the window's."""

import json
from pathlib import Path
from typing import Any

import pytest

from domain.conversations.state import ThreadEventKind
from domain.sending.window import OpeningKind
from messenger.webhooks.catalogue import CATALOGUE
from messenger.webhooks.catalogue_row import THREAD_EVENT_ON_STANDBY, CatalogueRow, Route
from messenger.webhooks.classify import classify
from messenger.webhooks.parse_event import parse
from messenger.webhooks.webhook import HAS_STANDBY_KEY, EventKind, split
from support.paths import DOCS, ROOT

PAYLOADS = ROOT / "tests" / "fixtures" / "payloads"
PAGE = "108823774519302"
CUSTOMER = "7421908834567012"
OWN_APP = "1187452390011223"


def of_file(name: str, **known: Any) -> CatalogueRow:
    (event,) = split((PAYLOADS / f"{name}.json").read_bytes())
    return classify(event.kind, event.channel, parse(event.kind, event.raw), own_app_id=OWN_APP, **known)


def of_event(channel: str = "messaging", *, sender: str = CUSTOMER, **event: Any) -> CatalogueRow:
    parties = {"sender": {"id": sender}, "recipient": {"id": PAGE if sender != PAGE else CUSTOMER}}
    entry = {"id": PAGE, channel: [parties | event]}
    (found,) = split(json.dumps({"object": "page", "entry": [entry]}).encode())
    return classify(found.kind, found.channel, parse(found.kind, found.raw), own_app_id=OWN_APP)


@pytest.mark.parametrize("path", sorted(PAYLOADS.glob("*.json")), ids=lambda path: path.stem)
def test_every_example_delivery_has_its_row(path: Path) -> None:
    assert f"| `{path.name}` |" in (DOCS / "webhook-events.md").read_text()


def test_every_kind_has_a_row_and_no_row_is_there_twice() -> None:
    assert {row.kind for row in CATALOGUE} == set(EventKind)
    assert len({(row.kind, row.case) for row in CATALOGUE}) == len(CATALOGUE)


@pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: f"{row.kind} {row.case}")
def test_only_raw_needs_a_reason_and_always_has_one(row: CatalogueRow) -> None:
    assert (row.route is Route.RAW) == bool(row.reason)
    assert row.what.endswith(".")
    assert row.changes.endswith(".")


def test_work_comes_from_messages_postbacks_m_me_links_and_handovers_alone() -> None:
    assert {(row.kind.value, row.case) for row in CATALOGUE if row.route is Route.WORK} == {
        ("message", "text"),
        ("message", "quick_reply"),
        ("message", "ad"),
        ("postback", ""),
        ("referral", "m_me_link"),
        ("pass_thread_control", "to_us"),
    }


def test_what_opens_the_window() -> None:
    assert {(row.kind.value, row.case): row.opening for row in CATALOGUE if row.opening} == {
        ("message", "text"): OpeningKind.MESSAGE,
        ("message", "quick_reply"): OpeningKind.QUICK_REPLY,
        ("message", "survey_answer"): OpeningKind.QUICK_REPLY,
        ("message", "ad"): OpeningKind.AD_MESSAGE,
        ("postback", ""): OpeningKind.POSTBACK,
        ("referral", "m_me_link"): OpeningKind.M_ME_LINK,
        ("reaction", "react"): OpeningKind.REACTION,
    }


def test_what_the_conversation_is_told() -> None:
    assert {(row.kind.value, row.case): row.thread_event for row in CATALOGUE if row.thread_event} == {
        ("message", "text"): ThreadEventKind.MESSAGE,
        ("message", "quick_reply"): ThreadEventKind.MESSAGE,
        ("message", "survey_answer"): ThreadEventKind.SURVEY_ANSWER,
        ("message", "ad"): ThreadEventKind.MESSAGE,
        ("echo", "own"): ThreadEventKind.OWN_ECHO,
        ("echo", "outside"): ThreadEventKind.OUTSIDE_MESSAGE,
        ("postback", ""): ThreadEventKind.POSTBACK,
        ("reaction", "react"): ThreadEventKind.WINDOW_OPENING,
        ("referral", "m_me_link"): ThreadEventKind.ENTRY,
        ("pass_thread_control", "to_us"): ThreadEventKind.HANDED_OVER,
        ("messaging_feedback", "survey"): ThreadEventKind.SURVEY_ANSWER,
        ("survey_answered", ""): ThreadEventKind.SURVEY_ANSWER,
        ("files_refused", ""): ThreadEventKind.FILES_REFUSED,
    }


def test_what_opens_the_window_is_told() -> None:
    assert [row for row in CATALOGUE if row.opening and row.thread_event is None] == []


def test_what_is_told_otherwise_on_standby_has_a_key_of_its_own_there() -> None:
    """Else the copy for the app in control would be dropped as a repetition, and with it the work."""
    told_otherwise = [row for row in CATALOGUE if row.thread_event in THREAD_EVENT_ON_STANDBY]
    assert {row.kind for row in told_otherwise if row.opens_work} == HAS_STANDBY_KEY
    assert not any(kind.opens_work for kind in THREAD_EVENT_ON_STANDBY.values())


@pytest.mark.parametrize(
    ("channel", "before_handover", "told", "route"),
    [
        ("messaging", False, ThreadEventKind.MESSAGE, Route.WORK),
        ("standby", False, ThreadEventKind.STANDBY_MESSAGE, Route.JOIN),
        ("standby", True, ThreadEventKind.MESSAGE, Route.WORK),
    ],
)
def test_a_message_on_standby_is_work_if_the_thread_was_handed_to_us_after_it(
    channel: str, told: ThreadEventKind, route: Route, *, before_handover: bool
) -> None:
    (found,) = split((PAYLOADS / "text_single.json").read_bytes())
    row = classify(
        found.kind,
        channel,
        parse(found.kind, found.raw),
        own_app_id=OWN_APP,
        before_handover=before_handover,
    )
    assert (row.thread_event, row.route) == (told, route)


ROUTES = {
    "text_single": (Route.WORK, OpeningKind.MESSAGE),
    "attachment_image": (Route.WORK, OpeningKind.MESSAGE),
    "message_lead_summary_hop_context": (Route.WORK, OpeningKind.MESSAGE),
    "text_referral_product": (Route.WORK, OpeningKind.MESSAGE),
    "text_quick_reply": (Route.WORK, OpeningKind.QUICK_REPLY),
    "quick_reply_user_phone": (Route.WORK, OpeningKind.QUICK_REPLY),
    "text_referral_ads": (Route.WORK, OpeningKind.AD_MESSAGE),
    "postback_button": (Route.WORK, OpeningKind.POSTBACK),
    "postback_ads_referral": (Route.WORK, OpeningKind.POSTBACK),
    "referral_shortlink": (Route.WORK, OpeningKind.M_ME_LINK),
    "referral_ads": (Route.JOIN, None),
    "reaction_love": (Route.JOIN, OpeningKind.REACTION),
    "reaction_other_emoji": (Route.JOIN, OpeningKind.REACTION),
    "message_edit": (Route.JOIN, None),
    "message_is_deleted_page_defensive": (Route.JOIN, None),
    "optin_plugin_ref": (Route.JOIN, None),
    "optin_notification_stop": (Route.JOIN, None),
    "feedback_csat_with_comment": (Route.JOIN, None),
    "handover_pass_thread_control": (Route.WORK, None),
    "echo_own_app": (Route.ECHO, None),
    "echo_other_app": (Route.JOIN, None),
    "echo_page_inbox": (Route.JOIN, None),
    "echo_no_app_id": (Route.JOIN, None),
    "delivery": (Route.RECEIPT, None),
    "read": (Route.RECEIPT, None),
    "standby_message": (Route.JOIN, OpeningKind.MESSAGE),
    "standby_postback_without_payload": (Route.JOIN, OpeningKind.POSTBACK),
    "standby_read": (Route.RECEIPT, None),
    "policy_warning": (Route.PAGE, None),
    "handover_app_roles": (Route.PAGE, None),
    "changes_inbox_labels": (Route.RAW, None),
    "changes_dashboard_test_messages": (Route.RAW, None),
    "changes_feed_reaction": (Route.RAW, None),
    "account_linked": (Route.RAW, None),
    "coupon_revealed": (Route.RAW, None),
    "customer_information": (Route.RAW, None),
    "entry_empty": (Route.RAW, None),
    "instagram_message_is_deleted": (Route.RAW, None),
    "object_not_page": (Route.RAW, None),
    "send_cart_order": (Route.RAW, None),
}


@pytest.mark.parametrize(("name", "expected"), ROUTES.items(), ids=ROUTES)
def test_the_route_and_opening_of_example_deliveries(
    name: str, expected: tuple[Route, OpeningKind | None]
) -> None:
    row = of_file(name)
    assert (row.route, row.opening) == expected


@pytest.mark.parametrize("after_ad_click", [False, True])
def test_a_tapped_survey_is_no_work_whatever_came_before(*, after_ad_click: bool) -> None:
    message = {"mid": "m_1", "text": "5", "quick_reply": {"payload": "pd-survey:x:5:y"}}
    parties = {"sender": {"id": CUSTOMER}, "recipient": {"id": PAGE}}
    entry = {"id": PAGE, "messaging": [parties | {"message": message}]}
    (found,) = split(json.dumps({"object": "page", "entry": [entry]}).encode())
    row = classify(
        found.kind,
        found.channel,
        parse(found.kind, found.raw),
        own_app_id=OWN_APP,
        after_ad_click=after_ad_click,
    )
    assert (row.route, row.opening) == (Route.JOIN, OpeningKind.QUICK_REPLY)


def test_the_first_message_after_an_ad_click_is_an_ad_message() -> None:
    assert of_file("text_single", after_ad_click=True).opening is OpeningKind.AD_MESSAGE
    assert of_file("text_quick_reply", after_ad_click=True).opening is OpeningKind.AD_MESSAGE
    assert of_file("postback_button", after_ad_click=True).opening is OpeningKind.POSTBACK


def test_a_reaction_taken_back_opens_nothing() -> None:
    row = of_event(reaction={"mid": "m_1", "action": "unreact", "reaction": "love"})
    assert (row.route, row.opening) == (Route.JOIN, None)


def test_the_pages_own_reaction_is_not_the_customers() -> None:
    row = of_event(sender=PAGE, reaction={"mid": "m_1", "action": "react", "reaction": "love"})
    assert (row.kind, row.route, row.opening) == (EventKind.PAGE_REACTION, Route.RAW, None)


def test_an_unflagged_message_from_the_page_opens_nothing() -> None:
    row = of_event(sender=PAGE, message={"mid": "m_1", "text": "hi"})
    assert (row.kind, row.route, row.opening) == (EventKind.ECHO, Route.JOIN, None)


@pytest.mark.parametrize(
    ("referral", "case"),
    [
        ({"source": "SHORTLINK", "type": "OPEN_THREAD", "ref": "x"}, "m_me_link"),
        ({"type": "OPEN_THREAD", "ref": "x"}, "m_me_link"),  # Europe and Japan: no source
        ({"source": "ADS", "type": "OPEN_THREAD", "ad_id": "1"}, "ad"),
        ({"type": "OPEN_THREAD", "ref": "x", "ad_id": 120211987650010345}, "ad"),
        ({"source": "ADS", "type": "LEAD_COMPLETE"}, "lead"),
        ({"source": "ADS", "type": "LEAD_INCOMPLETE"}, "lead"),
        ({"source": "DISCOVER_TAB", "type": "OPEN_THREAD"}, "other"),
        ({"type": "OPEN_THREAD"}, "other"),
    ],
)
def test_referrals_differ_by_where_the_customer_came_from(referral: dict[str, Any], case: str) -> None:
    assert of_event(referral=referral).case == case


def test_an_m_me_link_in_standby_is_no_work() -> None:
    row = of_event("standby", referral={"source": "SHORTLINK", "ref": "x"})
    assert (row.route, row.opening) == (Route.JOIN, OpeningKind.M_ME_LINK)
    assert row.thread_event is ThreadEventKind.STANDBY_OPENING


def test_a_reaction_in_standby_opens_the_window_and_lets_nothing_go() -> None:
    row = of_event("standby", reaction={"mid": "m_1", "action": "react", "reaction": "love"})
    assert (row.opening, row.thread_event) == (OpeningKind.REACTION, ThreadEventKind.STANDBY_OPENING)


def test_an_echo_in_standby_is_told_apart_as_elsewhere() -> None:
    message = {"mid": "m_1", "is_echo": True, "app_id": int(OWN_APP)}
    assert of_event("standby", sender=PAGE, message=message).route is Route.ECHO
    assert of_event("standby", sender=PAGE, message=message | {"app_id": 5}).route is Route.JOIN
