"""The things this Messenger is made of. All are plain JSON-able records, saved whole through the journal."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.windows import Window

PAGE_INBOX_APP_ID = "263902037430900"

ALL_PERMISSIONS = [
    "pages_messaging",
    "pages_manage_metadata",
    "pages_read_engagement",
    "pages_show_list",
    "pages_user_locale",
    "pages_user_timezone",
    "pages_user_gender",
]
ALL_TASKS = ["ADVERTISE", "ANALYZE", "CREATE_CONTENT", "MESSAGING", "MODERATE", "MANAGE"]

# Page fields that can be subscribed (docs/reference/messenger-webhooks.md).
FIELDS = frozenset(
    {
        "messages",
        "message_deliveries",
        "message_echoes",
        "message_edits",
        "message_reactions",
        "message_reads",
        "messaging_account_linking",
        "messaging_feedback",
        "messaging_game_plays",
        "messaging_handovers",
        "messaging_optins",
        "messaging_policy_enforcement",
        "messaging_postbacks",
        "messaging_referrals",
        "messenger_template_status_update",
        "response_feedback",
        "send_cart",
        "standby",
        "messaging_customer_information",
        "messaging_in_thread_lead_form_submit",
        "inbox_labels",
    }
)
# Spellings that Meta's own pages also print; accepted, kept under the first name.
FIELD_ALIASES = {
    "messaging_handover": "messaging_handovers",
    "messaging_referral": "messaging_referrals",
    "message_template_status_update": "messenger_template_status_update",
}


@dataclass(slots=True)
class App:
    """A Facebook app, with its app-level webhook subscription (`fields` of object `page`)."""

    app_id: str
    app_secret: str
    name: str = "App"
    mode: str = "live"  # or "development": only people with a role on the app are heard and reached
    features: list[str] = field(default_factory=list)  # "human_agent"
    require_proof: bool = True
    profile_access: bool = True  # Business Asset User Profile Access
    refused_fields: list[str] = field(default_factory=list)  # webhook fields that it may not subscribe to
    callback_url: str | None = None
    verify_token: str | None = None
    fields: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Token:
    """A Page or user access token. Instants in seconds since the epoch, as in `debug_token`; 0 is never."""

    token: str
    app_id: str
    page_id: str | None = None  # None: a user token, good for `pages`
    pages: list[str] = field(default_factory=list)
    user_id: str = "100000000000001"
    permissions: list[str] = field(default_factory=lambda: list(ALL_PERMISSIONS))
    tasks: list[str] = field(default_factory=lambda: list(ALL_TASKS))
    issued_at: int = 0
    expires_at: int = 0
    data_access_expires_at: int = 0
    invalid_subcode: int | None = None  # 458, 459, 460, 463, 464, 467, 492: dead, with this subcode


@dataclass(slots=True)
class Page:
    """A Facebook Page."""

    page_id: str
    name: str = "Page"
    category: str = "Local business"
    default_app_id: str | None = None  # set: Conversation Routing gives idle threads to this app
    restricted: bool = False  # sends are refused with 10/1893063
    instant_reply: dict[str, Any] | None = None  # Meta's own automation: text, delay_ms, app_id
    messenger_profile: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Subscription:
    """The Page-level webhook subscription of one app to one Page, and how its deliveries fare."""

    app_id: str
    page_id: str
    fields: list[str] = field(default_factory=list)
    active: bool = True
    failing_since: int | None = None
    alert_at: int | None = None
    unsubscribed_at: int | None = None


@dataclass(slots=True)
class Customer:
    """A person on one Page."""

    page_id: str
    psid: str
    name: str = "Sam Customer"
    locale: str = "en_US"
    timezone: float = 0
    gender: str | None = None
    has_role: bool = False  # on the app: heard and reached in development mode too
    unreachable: str | None = None  # see `control.UNREACHABLE`
    phone_account: bool = False  # has no profile: 2018218
    hidden_profile: bool = False  # as if there were no such person, where the profile is asked for: 100/33


@dataclass(slots=True)
class Thread:
    """The one line of talk between a Page and a person, without its messages."""

    page_id: str
    psid: str
    conversation_id: str
    window: Window = field(default_factory=Window)
    owner_app_id: str | None = None  # None: idle
    owner_until: int = 0
    ad_click: bool = False  # the next message is the one that follows a click on an ad
    referral: dict[str, Any] | None = None  # came before the thread existed; rides on its first message
    delivered_ms: int = 0  # the customer's devices have all up to here
    read_ms: int = 0  # the customer has read all up to here
    seen_ms: int = 0  # the Page has marked all up to here as seen
    typing: bool = False
    updated_ms: int = 0
    count: int = 0


@dataclass(slots=True)
class Message:
    """One message or postback of a thread."""

    mid: str
    page_id: str
    psid: str
    from_page: bool
    at_ms: int
    kind: str = "message"  # or "postback"
    text: str | None = None
    attachments: list[dict[str, Any]] = field(default_factory=list)
    quick_replies: list[dict[str, Any]] = field(default_factory=list)
    payload: str | None = None  # of a quick reply or a postback
    reply_to: str | None = None
    referral: dict[str, Any] | None = None
    app_id: str | None = None  # who sent it for the Page
    metadata: str | None = None
    messaging_type: str | None = None
    tag: str | None = None
    device: str | None = None  # from which the customer wrote
    num_edit: int = 0
    reaction: dict[str, Any] | None = None  # the customer's, on the Page's message
    page_reaction: str | None = None  # the Page's, on the customer's message


@dataclass(slots=True)
class Asset:
    """An uploaded or reusable attachment, private to its Page, good for 90 days."""

    attachment_id: str
    page_id: str
    type: str
    created_ms: int
    url: str | None = None  # None: the bytes are here, under `/_sandbox/media/{attachment_id}`
    content_type: str = "application/octet-stream"
