"""Which row of the catalogue an event is of."""

from domain.surveys.names import is_survey_payload, is_survey_question
from messenger.webhooks.catalogue import CATALOGUE
from messenger.webhooks.catalogue_row import CatalogueRow
from messenger.webhooks.events import (
    Echo,
    Event,
    Feedback,
    InboundMessage,
    Reaction,
    Referral,
    ReferralData,
    ThreadControl,
)
from messenger.webhooks.webhook import STANDBY_CHANNELS, EventKind

_ROWS = {(row.kind, row.case): row for row in CATALOGUE}


def classify(
    kind: EventKind,
    channel: str,
    parsed: Event,
    *,
    own_app_id: str,
    after_ad_click: bool = False,
    before_handover: bool = False,
) -> CatalogueRow:
    """The row for one event.

    own_app_id: the Facebook app of the account; echoes of any other are from outside. after_ad_click: whether
    the thread's last referral is of an ad and no message has followed yet. before_handover: whether the
    thread was handed to us after this event, which may come later than the handing over.
    """
    row = _ROWS[kind, _case(parsed, own_app_id, after_ad_click=after_ad_click)]
    return row.on_standby() if channel in STANDBY_CHANNELS and not before_handover else row


def echo_row(*, own: bool) -> CatalogueRow:
    """The row of an echo once it is known whether it is of a message of ours, whatever app it names."""
    return _ROWS[EventKind.ECHO, "own" if own else "outside"]


def _case(parsed: Event, own_app_id: str, *, after_ad_click: bool) -> str:
    case = ""
    match parsed:
        case InboundMessage():
            case = _message_case(parsed, after_ad_click=after_ad_click)
        case Echo(app_id=app_id):
            case = "own" if app_id == own_app_id else "outside"
        case Reaction(action=action):
            case = "react" if action == "react" else "unreact"
        case Referral(data=data):
            case = _referral_case(data)
        case ThreadControl(action="pass", new_owner_app_id=app_id):
            case = "to_us" if app_id == own_app_id else "to_another_app"
        case Feedback(answers=answers):
            ours = any(is_survey_question(each.question_id) for each in answers)
            case = "survey" if ours else "other"
    return case


def _message_case(message: InboundMessage, *, after_ad_click: bool) -> str:
    if is_survey_payload(message.quick_reply_payload):
        return "survey_answer"
    if after_ad_click or (message.referral is not None and is_ad(message.referral)):
        return "ad"
    return "text" if message.quick_reply_payload is None else "quick_reply"


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
