"""What every webhook event is, what it changes, how it is routed, and whether it opens the messaging window.

This table is the routing law for `ingest`; `docs/webhook-events.md` is made from it by
`scripts.docs.webhook_events`. Windows: Messenger Platform "Send messages", as `domain.sending.window`
has it.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from domain.sending.window import OpeningKind
from domain.surveys.names import is_survey_payload
from messenger.webhooks.events import (
    Echo,
    Event,
    InboundMessage,
    Reaction,
    Referral,
    ReferralData,
    ThreadControl,
)
from messenger.webhooks.webhook import STANDBY_CHANNELS, EventKind


class Route(StrEnum):
    """Where an event goes once it is stored."""

    WORK = "work"
    """The thread's conversation workflow, which is started if none runs (signal-with-start)."""
    JOIN = "join"
    """The thread's conversation workflow, if one runs (plain signal). Never creates work."""
    RECEIPT = "receipt"
    """A watermark on the thread. No signal."""
    ECHO = "echo"
    """Confirms the row of our own send. A signal only if that row's outcome is unknown."""
    PAGE = "page"
    """The page's workflow."""
    RAW = "raw"
    """Kept raw, counted and shown, for the reason given."""


@dataclass(frozen=True, slots=True)
class Classification:
    """One row: an event kind, or a case of it.

    opening: what it opens in the window, if anything. reason: why it is only kept raw, "" otherwise.
    """

    kind: EventKind
    case: str
    what: str
    changes: str
    route: Route
    opening: OpeningKind | None = None
    reason: str = ""


_NOT_SUBSCRIBED = "Pagedesk does not subscribe to its field; "

CATALOGUE = (
    Classification(
        EventKind.MESSAGE,
        "text",
        "The customer wrote, or sent attachments, a sticker or a reply; also the summary of a lead ad.",
        "A message in the thread.",
        Route.WORK,
        OpeningKind.MESSAGE,
    ),
    Classification(
        EventKind.MESSAGE,
        "quick_reply",
        "The customer tapped a quick reply: a message whose text is the title.",
        "A message in the thread, with the tapped payload.",
        Route.WORK,
        OpeningKind.QUICK_REPLY,
    ),
    Classification(
        EventKind.MESSAGE,
        "survey_answer",
        "The customer tapped a button of Pagedesk's survey.",
        "A message in the survey's conversation. The survey is answered, if the button is genuine, that "
        "customer's own, and the first.",
        Route.JOIN,
        OpeningKind.QUICK_REPLY,
    ),
    Classification(
        EventKind.MESSAGE,
        "ad",
        "The customer's first message after a click-to-Messenger ad, which it names itself or which the "
        "thread's last referral named.",
        "A message in the thread, with its ad. Its window may be configured to last up to 7 days.",
        Route.WORK,
        OpeningKind.AD_MESSAGE,
    ),
    Classification(
        EventKind.ECHO,
        "own",
        "A message that our app sent, as a rule with the metadata we gave it.",
        "Our outbound row becomes sent, with its mid. Where we have no such row: a message from outside.",
        Route.ECHO,
    ),
    Classification(
        EventKind.ECHO,
        "outside",
        "A message from the Page that another app, the Page inbox or an automation sent, or nobody named.",
        "An outbound message from outside in the thread; its files are kept like the customer's. It counts "
        "as an answer unless it is a program's: of another app than the Page inbox, or within seconds of the "
        "customer's words, as the Page's instant reply is.",
        Route.JOIN,
    ),
    Classification(
        EventKind.MESSAGE_DELETED,
        "",
        "A message was taken back. Meta documents it for Instagram only.",
        "The message is marked as deleted.",
        Route.JOIN,
    ),
    Classification(
        EventKind.MESSAGE_EDIT,
        "",
        "The customer changed the text of a message.",
        "The message has the text of its latest edit; the old ones are kept.",
        Route.JOIN,
    ),
    Classification(
        EventKind.POSTBACK,
        "",
        "The customer tapped a button, a menu item, an ice breaker or Get Started.",
        "A message in the thread, with the button's title and payload.",
        Route.WORK,
        OpeningKind.POSTBACK,
    ),
    Classification(
        EventKind.REACTION,
        "react",
        "The customer reacted to a message.",
        "The message has the reaction, the latest of each person.",
        Route.JOIN,
        OpeningKind.REACTION,
    ),
    Classification(
        EventKind.REACTION,
        "unreact",
        "The customer took a reaction back.",
        "The message has lost the reaction.",
        Route.JOIN,
    ),
    Classification(
        EventKind.PAGE_REACTION,
        "",
        "The Page reacted to a message.",
        "Nothing.",
        Route.RAW,
        reason="the Page's own reaction says nothing of the customer.",
    ),
    Classification(
        EventKind.DELIVERY,
        "",
        "Everything sent up to the watermark was delivered.",
        "The thread's delivered watermark moves forward.",
        Route.RECEIPT,
    ),
    Classification(
        EventKind.READ,
        "",
        "Everything sent up to the watermark was read.",
        "The thread's read watermark moves forward.",
        Route.RECEIPT,
    ),
    Classification(
        EventKind.REFERRAL,
        "m_me_link",
        "The customer came back to the thread by an m.me link.",
        "The thread's last referral.",
        Route.WORK,
        OpeningKind.M_ME_LINK,
    ),
    Classification(
        EventKind.REFERRAL,
        "ad",
        "The customer came back to the thread by an ad. It opens the window only when a message follows.",
        "The thread's last referral; the next message is one after an ad.",
        Route.JOIN,
    ),
    Classification(
        EventKind.REFERRAL,
        "lead",
        "The customer finished or left the questions of a lead ad.",
        "The thread's last referral.",
        Route.JOIN,
    ),
    Classification(
        EventKind.REFERRAL,
        "other",
        "The customer came back to the thread in another way.",
        "The thread's last referral.",
        Route.JOIN,
    ),
    Classification(
        EventKind.OPTIN,
        "",
        "The customer consented by a plugin or to marketing messages, or took it back. It opens the window "
        "only when a message follows.",
        "Noted in the thread.",
        Route.JOIN,
    ),
    Classification(
        EventKind.PASS_THREAD_CONTROL,
        "to_us",
        "A bot, the Page inbox or nobody (the thread was idle) handed the thread to us.",
        "The thread's owner. If the customer's last words were heard on standby, nobody here was told to "
        "answer them: a conversation opens, or one that was Waiting, and holds what was said meanwhile.",
        Route.WORK,
    ),
    Classification(
        EventKind.PASS_THREAD_CONTROL,
        "to_another_app",
        "The thread was passed to another app.",
        "The thread's owner. Noted in the thread.",
        Route.JOIN,
    ),
    Classification(
        EventKind.TAKE_THREAD_CONTROL,
        "",
        "Another app or the Page inbox took the thread.",
        "The thread's owner. Noted in the thread.",
        Route.JOIN,
    ),
    Classification(
        EventKind.REQUEST_THREAD_CONTROL,
        "",
        "Another app asks for the thread.",
        "Noted in the thread.",
        Route.JOIN,
    ),
    Classification(
        EventKind.MESSAGING_FEEDBACK,
        "",
        "The customer answered Meta's feedback template.",
        "The survey is answered, if the template is Pagedesk's, that customer's own, and the first answer; "
        "else noted in the thread.",
        Route.JOIN,
    ),
    Classification(
        EventKind.POLICY_ENFORCEMENT,
        "",
        "Meta warns or blocks the Page, or lifts a block.",
        "Noted on the page; its workflow is told.",
        Route.PAGE,
    ),
    Classification(
        EventKind.APP_ROLES,
        "",
        "The roles of apps in the retired handover protocol.",
        "Noted on the page; its workflow is told.",
        Route.PAGE,
    ),
    Classification(
        EventKind.PAGE_CHANGE,
        "",
        "A change on the Page (`changes`): its feed, a mention, a label; also the dashboard's test button.",
        "Nothing. It wakes nothing: a busy Page has many a second.",
        Route.RAW,
        reason="it changes nothing that Pagedesk looks after.",
    ),
    Classification(
        EventKind.ACCOUNT_LINKING,
        "",
        "The customer linked or unlinked an account of the business.",
        "Nothing.",
        Route.RAW,
        reason=_NOT_SUBSCRIBED + "it offers no log-in to link.",
    ),
    Classification(
        EventKind.RESPONSE_FEEDBACK,
        "",
        "The customer pressed the thumb under a message.",
        "Nothing.",
        Route.RAW,
        reason=_NOT_SUBSCRIBED + "that would put thumbs under every message of the Page.",
    ),
    Classification(
        EventKind.MESSAGING_CUSTOMER_INFORMATION,
        "",
        "The customer filled in the customer information template.",
        "Nothing.",
        Route.RAW,
        reason=_NOT_SUBSCRIBED + "it never sends that template, and the answer is personal data.",
    ),
    Classification(
        EventKind.TEMPLATE,
        "",
        "The customer revealed a coupon.",
        "Nothing.",
        Route.RAW,
        reason="Pagedesk sends no coupons.",
    ),
    Classification(
        EventKind.FORM,
        "",
        "The customer sent off an instant form.",
        "Nothing.",
        Route.RAW,
        reason=_NOT_SUBSCRIBED + "it sends no instant forms; the answers are in Meta's lead tools.",
    ),
    Classification(
        EventKind.ORDER,
        "",
        "The customer sent a cart.",
        "Nothing.",
        Route.RAW,
        reason=_NOT_SUBSCRIBED + "it sells nothing.",
    ),
    Classification(
        EventKind.UNKNOWN,
        "",
        "An event of a form that Pagedesk does not know.",
        "Nothing.",
        Route.RAW,
        reason="nobody knows what it is; it can be routed again once somebody does.",
    ),
    Classification(
        EventKind.UNPARSEABLE,
        "",
        "Bytes in the place of an event, or of a delivery, that are no JSON.",
        "Nothing.",
        Route.RAW,
        reason="it cannot be read.",
    ),
    Classification(
        EventKind.NOT_PAGE,
        "",
        "A delivery about something else than a Page, such as Instagram.",
        "Nothing.",
        Route.RAW,
        reason="it concerns no Page.",
    ),
    Classification(
        EventKind.EMPTY,
        "",
        "A delivery, or an entry of one, without events.",
        "Nothing.",
        Route.RAW,
        reason="there is nothing in it.",
    ),
)

_ROWS = {(row.kind, row.case): row for row in CATALOGUE}


def classify(
    kind: EventKind, channel: str, parsed: Event, *, own_app_id: str, after_ad_click: bool = False
) -> Classification:
    """The row for one event.

    own_app_id: the Facebook app of the account; echoes of any other are from outside. after_ad_click: whether
    the thread's last referral is of an ad and no message has followed yet.
    In standby another app has the thread: the same happened, and opens the same, but it is never work for us.
    """
    row = _ROWS[kind, _case(kind, parsed, own_app_id, after_ad_click=after_ad_click)]
    if channel in STANDBY_CHANNELS and row.route is Route.WORK:
        return replace(row, route=Route.JOIN)
    return row


def _case(kind: EventKind, parsed: Event, own_app_id: str, *, after_ad_click: bool) -> str:
    match parsed:
        case InboundMessage():
            return _message_case(parsed, after_ad_click=after_ad_click)
        case Echo(app_id=app_id):
            return "own" if app_id == own_app_id else "outside"
        case Reaction(action=action) if kind is EventKind.REACTION:
            return "react" if action == "react" else "unreact"
        case Referral(data=data):
            return _referral_case(data)
        case ThreadControl(action="pass"):
            return "to_us" if hands_over(parsed, own_app_id) else "to_another_app"
        case _:
            return ""


def _message_case(message: InboundMessage, *, after_ad_click: bool) -> str:
    if is_survey_payload(message.quick_reply_payload):
        return "survey_answer"
    if after_ad_click or (message.referral is not None and is_ad(message.referral)):
        return "ad"
    return "text" if message.quick_reply_payload is None else "quick_reply"


def hands_over(parsed: Event, own_app_id: str) -> bool:
    """Whether another app, the Page inbox or nobody hands a thread to our app."""
    match parsed:
        case ThreadControl(action="pass", new_owner_app_id=app_id):
            return app_id == own_app_id
        case _:
            return False


def is_ad(referral: ReferralData) -> bool:
    """Whether it is of an ad. In Europe and Japan Meta leaves the source out."""
    return referral.source == "ADS" or (referral.source is None and referral.ad_id is not None)


def _referral_case(data: ReferralData) -> str:
    if data.type is not None and data.type.startswith("LEAD"):
        return "lead"
    if is_ad(data):
        return "ad"
    if data.source == "SHORTLINK" or (data.source is None and data.ref is not None):
        return "m_me_link"
    return "other"
