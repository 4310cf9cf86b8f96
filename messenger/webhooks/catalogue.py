"""What every webhook event is, what it does, what it signals, and whether it opens the messaging window.

`ingest.events` follows this table: `messenger.webhooks.classify` picks the one row of an event, the row's
`effect` names the function that applies it, and `thread_event` what its conversation is signalled.
`docs/webhook-events.md` is made from the table by `scripts.docs.webhook_events`. Windows:
`domain.sending.window`, and docs/reference/messenger-window-and-tags.md.
"""

from domain.conversations.state import ThreadEventKind
from domain.sending.window import OpeningKind
from messenger.webhooks.catalogue_row import CatalogueRow, Effect
from messenger.webhooks.webhook import EventKind

_NOT_SUBSCRIBED = "Pagedesk does not subscribe to its field; "

CATALOGUE = (
    CatalogueRow(
        EventKind.MESSAGE,
        "text",
        "The customer wrote, or sent attachments, a sticker or a reply; also the summary of a lead ad.",
        "A message in the thread.",
        Effect.MESSAGE,
        thread_event=ThreadEventKind.MESSAGE,
        opening=OpeningKind.MESSAGE,
    ),
    CatalogueRow(
        EventKind.MESSAGE,
        "quick_reply",
        "The customer tapped a quick reply: a message whose text is the title.",
        "A message in the thread, with the tapped payload.",
        Effect.MESSAGE,
        thread_event=ThreadEventKind.MESSAGE,
        opening=OpeningKind.QUICK_REPLY,
    ),
    CatalogueRow(
        EventKind.MESSAGE,
        "survey_answer",
        "The customer tapped a button of Pagedesk's survey.",
        "A message in the survey's conversation. The survey is answered, if the button is genuine, that "
        "customer's own, and the first.",
        Effect.SURVEY_BUTTON,
        thread_event=ThreadEventKind.SURVEY_ANSWER,
        opening=OpeningKind.QUICK_REPLY,
    ),
    CatalogueRow(
        EventKind.MESSAGE,
        "ad",
        "The customer's first message after a click-to-Messenger ad, which it names itself or which the "
        "thread's last referral named.",
        "A message in the thread, with its ad. Its window may be configured to last up to 7 days.",
        Effect.MESSAGE,
        thread_event=ThreadEventKind.MESSAGE,
        opening=OpeningKind.AD_MESSAGE,
    ),
    CatalogueRow(
        EventKind.ECHO,
        "own",
        "A message that our app sent, as a rule with the metadata we gave it.",
        "Our outbound row becomes sent, with its mid; its conversation is signalled if its outcome was "
        "unknown. "
        "Where we have no such row: a message from outside.",
        Effect.ECHO,
        thread_event=ThreadEventKind.OWN_ECHO,
    ),
    CatalogueRow(
        EventKind.ECHO,
        "outside",
        "A message from the Page that another app, the Page inbox or an automation sent, or nobody named.",
        "An outbound message from outside in the thread; its files are kept like the customer's. It counts "
        "as an answer unless it is a program's: of another app than the Page inbox, or within seconds of the "
        "customer's words, as the Page's instant reply is.",
        Effect.ECHO,
        thread_event=ThreadEventKind.OUTSIDE_MESSAGE,
    ),
    CatalogueRow(
        EventKind.MESSAGE_DELETED,
        "",
        "A message was taken back. Meta documents it for Instagram only.",
        "The message is marked as deleted.",
        Effect.DELETION,
    ),
    CatalogueRow(
        EventKind.MESSAGE_EDIT,
        "",
        "The customer changed the text of a message.",
        "The message has the text of its latest edit; the old ones are kept.",
        Effect.EDIT,
    ),
    CatalogueRow(
        EventKind.POSTBACK,
        "",
        "The customer tapped a button, a menu item, an ice breaker or Get Started.",
        "A message in the thread, with the button's title and payload.",
        Effect.POSTBACK,
        thread_event=ThreadEventKind.POSTBACK,
        opening=OpeningKind.POSTBACK,
    ),
    CatalogueRow(
        EventKind.REACTION,
        "react",
        "The customer reacted to a message.",
        "The message has the reaction, the latest of each person.",
        Effect.REACTION,
        thread_event=ThreadEventKind.WINDOW_OPENING,
        opening=OpeningKind.REACTION,
    ),
    CatalogueRow(
        EventKind.REACTION,
        "unreact",
        "The customer took a reaction back.",
        "The message has lost the reaction.",
        Effect.REACTION,
    ),
    CatalogueRow(
        EventKind.PAGE_REACTION,
        "",
        "The Page reacted to a message.",
        "Nothing.",
        Effect.KEEP,
        reason="the Page's own reaction says nothing of the customer.",
    ),
    CatalogueRow(
        EventKind.DELIVERY,
        "",
        "Everything sent up to the watermark was delivered.",
        "The thread's delivered watermark moves forward.",
        Effect.DELIVERY,
    ),
    CatalogueRow(
        EventKind.READ,
        "",
        "Everything sent up to the watermark was read.",
        "The thread's read watermark moves forward.",
        Effect.READ,
    ),
    CatalogueRow(
        EventKind.REFERRAL,
        "m_me_link",
        "The customer came back to the thread by an m.me link.",
        "The thread's last referral.",
        Effect.REFERRAL,
        thread_event=ThreadEventKind.ENTRY,
        opening=OpeningKind.M_ME_LINK,
    ),
    CatalogueRow(
        EventKind.REFERRAL,
        "ad",
        "The customer came back to the thread by an ad. It opens the window only when a message follows.",
        "The thread's last referral; the next message is one after an ad.",
        Effect.REFERRAL,
    ),
    CatalogueRow(
        EventKind.REFERRAL,
        "lead",
        "The customer finished or left the questions of a lead ad.",
        "The thread's last referral.",
        Effect.REFERRAL,
    ),
    CatalogueRow(
        EventKind.REFERRAL,
        "other",
        "The customer came back to the thread in another way.",
        "The thread's last referral.",
        Effect.REFERRAL,
    ),
    CatalogueRow(
        EventKind.OPTIN,
        "",
        "The customer consented by a plugin or to marketing messages, or took it back. It opens the window "
        "only when a message follows.",
        "Noted in the thread.",
        Effect.NOTE,
    ),
    CatalogueRow(
        EventKind.PASS_THREAD_CONTROL,
        "to_us",
        "A bot, the Page inbox or nobody (the thread was idle) handed the thread to us.",
        "The thread's owner. If the customer's last message came on standby, no agent was asked to "
        "answer it: a conversation opens, or one that was Waiting, and holds the messages of the meantime.",
        Effect.THREAD_CONTROL,
        thread_event=ThreadEventKind.HANDED_OVER,
    ),
    CatalogueRow(
        EventKind.PASS_THREAD_CONTROL,
        "to_another_app",
        "The thread was passed to another app.",
        "The thread's owner. Noted in the thread.",
        Effect.THREAD_CONTROL,
    ),
    CatalogueRow(
        EventKind.TAKE_THREAD_CONTROL,
        "",
        "Another app or the Page inbox took the thread.",
        "The thread's owner. Noted in the thread.",
        Effect.THREAD_CONTROL,
    ),
    CatalogueRow(
        EventKind.REQUEST_THREAD_CONTROL,
        "",
        "Another app asks for the thread.",
        "Noted in the thread.",
        Effect.CONTROL_REQUEST,
    ),
    CatalogueRow(
        EventKind.MESSAGING_FEEDBACK,
        "survey",
        "The customer answered the feedback template of Pagedesk's survey.",
        "The survey is answered, if it is that customer's own, and the first answer.",
        Effect.FEEDBACK,
        thread_event=ThreadEventKind.SURVEY_ANSWER,
    ),
    CatalogueRow(
        EventKind.MESSAGING_FEEDBACK,
        "other",
        "The customer answered a feedback template that somebody else sent.",
        "Noted in the thread.",
        Effect.NOTE,
    ),
    CatalogueRow(
        EventKind.POLICY_ENFORCEMENT,
        "",
        "Meta warns or blocks the Page, or lifts a block.",
        "Noted on the Page; its workflow is signalled.",
        Effect.PAGE_POLICY,
    ),
    CatalogueRow(
        EventKind.APP_ROLES,
        "",
        "The roles of apps in the retired handover protocol.",
        "Noted on the Page; its workflow is signalled.",
        Effect.PAGE,
    ),
    CatalogueRow(
        EventKind.PAGE_CHANGE,
        "",
        "A change on the Page (`changes`): its feed, a mention, a label; also the dashboard's test button.",
        "Nothing. It wakes nothing: a busy Page has many a second.",
        Effect.KEEP,
        reason="it changes nothing that Pagedesk looks after.",
    ),
    CatalogueRow(
        EventKind.ACCOUNT_LINKING,
        "",
        "The customer linked or unlinked an account of the business.",
        "Nothing.",
        Effect.KEEP_AND_SHOW,
        reason=_NOT_SUBSCRIBED + "it offers no log-in to link.",
    ),
    CatalogueRow(
        EventKind.RESPONSE_FEEDBACK,
        "",
        "The customer pressed the thumb under a message.",
        "Nothing.",
        Effect.KEEP_AND_SHOW,
        reason=_NOT_SUBSCRIBED + "that would put thumbs under every message of the Page.",
    ),
    CatalogueRow(
        EventKind.MESSAGING_CUSTOMER_INFORMATION,
        "",
        "The customer filled in the customer information template.",
        "Nothing.",
        Effect.KEEP_AND_SHOW,
        reason=_NOT_SUBSCRIBED + "it never sends that template, and the answer is personal data.",
    ),
    CatalogueRow(
        EventKind.TEMPLATE,
        "",
        "The customer revealed a coupon.",
        "Nothing.",
        Effect.KEEP_AND_SHOW,
        reason="Pagedesk sends no coupons.",
    ),
    CatalogueRow(
        EventKind.FORM,
        "",
        "The customer sent off an instant form.",
        "Nothing.",
        Effect.KEEP_AND_SHOW,
        reason=_NOT_SUBSCRIBED + "it sends no instant forms; the answers are in Meta's lead tools.",
    ),
    CatalogueRow(
        EventKind.ORDER,
        "",
        "The customer sent a cart.",
        "Nothing.",
        Effect.KEEP_AND_SHOW,
        reason=_NOT_SUBSCRIBED + "it sells nothing.",
    ),
    CatalogueRow(
        EventKind.UNKNOWN,
        "",
        "An event of a form that Pagedesk does not know.",
        "Nothing.",
        Effect.KEEP_AND_SHOW,
        reason="Pagedesk does not know it; it can be routed again by a release that does.",
    ),
    CatalogueRow(
        EventKind.UNPARSEABLE,
        "",
        "Bytes in the place of an event, or of a delivery, that are no JSON.",
        "Nothing.",
        Effect.KEEP_WITHOUT_PAGE,
        reason="it cannot be read.",
    ),
    CatalogueRow(
        EventKind.NOT_PAGE,
        "",
        "A delivery about something else than a Page, such as Instagram.",
        "Nothing.",
        Effect.KEEP_WITHOUT_PAGE,
        reason="it concerns no Page.",
    ),
    CatalogueRow(
        EventKind.EMPTY,
        "",
        "A delivery, or an entry of one, without events.",
        "Nothing.",
        Effect.KEEP_WITHOUT_PAGE,
        reason="there is nothing in it.",
    ),
    CatalogueRow(
        EventKind.SURVEY_ANSWERED,
        "",
        "Pagedesk's own: the customer answered a survey on its page (`/survey/…`).",
        "The survey is answered, if it is the first answer.",
        Effect.SURVEY_LINK,
        thread_event=ThreadEventKind.SURVEY_ANSWER,
    ),
    CatalogueRow(
        EventKind.FILES_REFUSED,
        "",
        "Pagedesk's own: files of a customer's message were looked at and not taken.",
        "The message's conversation tells the customer, while it is live.",
        Effect.FILES_REFUSED,
        thread_event=ThreadEventKind.FILES_REFUSED,
    ),
)

WITHOUT_PAGE = {row.kind: row for row in CATALOGUE if row.effect is Effect.KEEP_WITHOUT_PAGE}
"""The rows of what need not name a Page."""
