"""The webhook fields Pagedesk subscribes to, of those in docs/reference/messenger-webhooks.md.

A field must be on for the app and for the page; both use this list. Left out on purpose: `response_feedback`
(it puts thumbs under every message of the Page), `messaging_account_linking` (a link that nobody answers is
broken off), and what belongs to features Pagedesk does not have: `send_cart`, `inbox_labels`,
`messaging_customer_information`, `messaging_in_thread_lead_form_submit`, `messaging_game_plays`,
`messaging_seen` (Instagram) and the status of utility templates.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WebhookField:
    """A field, why it is subscribed, and whether a page cannot work without it."""

    name: str
    reason: str
    required: bool


WEBHOOK_FIELDS = (
    WebhookField("messages", "What customers write: the work, and the window.", required=True),
    WebhookField(
        "messaging_postbacks", "Taps on buttons and Get Started: work, and the window.", required=True
    ),
    WebhookField("message_echoes", "Confirms our sends; shows answers of others.", required=True),
    WebhookField("message_deliveries", "When a message was delivered.", required=True),
    WebhookField("message_reads", "When a message was read.", required=True),
    WebhookField("standby", "What is said while another app has the thread.", required=True),
    WebhookField("messaging_handovers", "Who has the thread.", required=True),
    WebhookField("messaging_policy_enforcement", "Meta warns or blocks the page.", required=True),
    WebhookField("message_reactions", "A reaction opens the window.", required=False),
    WebhookField("messaging_referrals", "m.me links open the window; tells which ad.", required=False),
    WebhookField("message_edits", "The corrected text.", required=False),
    WebhookField("messaging_optins", "Consent, and its end.", required=False),
    WebhookField("messaging_feedback", "Answers to Meta's feedback template.", required=False),
)
ALL_FIELDS = tuple(each.name for each in WEBHOOK_FIELDS)
REQUIRED_FIELDS = frozenset(each.name for each in WEBHOOK_FIELDS if each.required)
