"""The webhook fields Pagedesk subscribes to."""

from messenger.webhooks.subscribed_fields import ALL_FIELDS, REQUIRED_FIELDS, WEBHOOK_FIELDS

META_KNOWS = {
    *(
        "messages",
        "message_deliveries",
        "message_echoes",
        "message_edits",
        "message_reactions",
        "message_reads",
    ),
    *("messaging_account_linking", "messaging_feedback", "messaging_game_plays", "messaging_handovers"),
    *("messaging_optins", "messaging_policy_enforcement", "messaging_postbacks", "messaging_referrals"),
    *("messaging_seen", "messenger_template_status_update", "response_feedback", "send_cart", "standby"),
    *("messaging_customer_information", "messaging_in_thread_lead_form_submit", "inbox_labels"),
}


def test_only_fields_that_meta_knows_each_once_and_with_a_reason() -> None:
    assert set(ALL_FIELDS) <= META_KNOWS
    assert len(set(ALL_FIELDS)) == len(ALL_FIELDS)
    assert all(each.reason.endswith(".") for each in WEBHOOK_FIELDS)


def test_no_thumbs_are_put_under_every_message_of_the_page() -> None:
    assert "response_feedback" not in ALL_FIELDS


def test_without_messages_echoes_and_standby_nothing_works() -> None:
    assert (
        {"messages", "messaging_postbacks", "message_echoes", "standby"} <= REQUIRED_FIELDS <= set(ALL_FIELDS)
    )
