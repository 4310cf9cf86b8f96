"""Who may send what, when: the only place that chooses Meta's messaging type and tag.

Meta's rules (docs/reference/messenger-window-and-tags.md): inside the standard window everything is a
RESPONSE, also from people. After it only a person may write, with the HUMAN_AGENT tag, and the customer
feedback template may go with its own CUSTOMER_FEEDBACK tag; both until 7 days after the customer wrote. The
tags that Meta retired on 2026-04-27 do not exist here.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.sending.window import Stage, Window


class SenderKind(StrEnum):
    """Who is speaking. AUTOMATIC is an automated message; SURVEY is Pagedesk's own survey."""

    AGENT = "agent"
    BOT = "bot"
    AUTOMATIC = "automatic"
    SURVEY = "survey"


class ContentKind(StrEnum):
    """What is said: an ordinary message of any form, or Meta's customer feedback template."""

    MESSAGE = "message"
    FEEDBACK_TEMPLATE = "feedback_template"


@dataclass(frozen=True, slots=True)
class Permission:
    """A send that the window allows: `messaging_type` and `tag` for the Send API.

    `rule` is the stable name of the rule that allowed it; it is stored with the message.
    """

    messaging_type: str
    tag: str | None
    rule: str


STANDARD_WINDOW = Permission("RESPONSE", None, "standard_window")
HUMAN_AGENT_TAG = Permission("MESSAGE_TAG", "HUMAN_AGENT", "human_agent_tag")
CUSTOMER_FEEDBACK_TAG = Permission("MESSAGE_TAG", "CUSTOMER_FEEDBACK", "customer_feedback_tag")


class RefusalCode(StrEnum):
    """Why the window forbids a send. The values are part of the API.

    WINDOW_NEVER_OPENED: the customer has done nothing yet that would allow an answer.
    WINDOW_CLOSED: nobody may write until the customer writes again.
    HUMAN_AGENT_TAG_DISABLED: a person could still answer, but this session does not have the human agent tag.
    AUTOMATED_MESSAGE_OUTSIDE_WINDOW: only a person may still answer; this message is not from one.
    """

    WINDOW_NEVER_OPENED = "window_never_opened"
    WINDOW_CLOSED = "window_closed"
    HUMAN_AGENT_TAG_DISABLED = "human_agent_tag_disabled"
    AUTOMATED_MESSAGE_OUTSIDE_WINDOW = "automated_message_outside_window"


REFUSED_BY_WINDOW = frozenset(code.value for code in RefusalCode)
"""The reasons of a failed send that are the window's."""


@dataclass(frozen=True, slots=True)
class SendRefusal:
    """A send that the window forbids, with the window and the stage it was judged by."""

    code: RefusalCode
    window: Window
    stage: Stage


def decide_send(
    now: datetime,
    window: Window,
    sender_kind: SenderKind,
    content_kind: ContentKind,
    *,
    human_agent_tag: bool,
) -> Permission | SendRefusal:
    """Judge one send at one instant. `human_agent_tag`: whether the conversation's session has it."""
    stage = window.stage_at(now)
    if stage is Stage.STANDARD:
        return STANDARD_WINDOW
    if stage is Stage.CLOSED:
        never = window.standard_until is None
        code = RefusalCode.WINDOW_NEVER_OPENED if never else RefusalCode.WINDOW_CLOSED
        return SendRefusal(code, window, stage)
    if content_kind is ContentKind.FEEDBACK_TEMPLATE:
        return CUSTOMER_FEEDBACK_TAG
    if sender_kind is not SenderKind.AGENT:
        return SendRefusal(RefusalCode.AUTOMATED_MESSAGE_OUTSIDE_WINDOW, window, stage)
    if not human_agent_tag:
        return SendRefusal(RefusalCode.HUMAN_AGENT_TAG_DISABLED, window, stage)
    return HUMAN_AGENT_TAG
