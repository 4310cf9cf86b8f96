"""What an agent may say besides plain words: quick replies and templates, in Meta's own form and limits.

What passes here is sent as it is; the limits are `messenger.graph.text_limits`. Everything else is refused by
name.
"""

from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, TypeAdapter, model_validator

from api.http.fields import STORABLE, Input, displayed_text
from domain.surveys.names import is_survey_payload
from messenger.graph import text_limits as limits


def _https(value: str) -> str:
    try:
        parts = urlsplit(value)
    except ValueError as error:
        raise ValueError("This is no web address.") from error
    if parts.scheme != "https" or not parts.hostname or parts.username is not None:
        raise ValueError("Only the https address of a host, without a name or password, is allowed.")
    return value


def _not_of_a_survey(value: str) -> str:
    if is_survey_payload(value):
        raise ValueError("This payload would be taken for an answer to a survey.")
    return value


_Payload = Annotated[
    str,
    Field(min_length=1, max_length=limits.PAYLOAD, description="Comes back when the customer taps."),
    displayed_text(limits.PAYLOAD),
    AfterValidator(_not_of_a_survey),
]
_Url = Annotated[
    str,
    Field(max_length=limits.URL, pattern=r"^https://[^\s\x00-\x1f\x7f]+$"),
    STORABLE,
    AfterValidator(_https),
]
_ButtonTitle = Annotated[
    str, Field(min_length=1, max_length=limits.BUTTON_TITLE), displayed_text(limits.BUTTON_TITLE)
]


class TextQuickReply(Input):
    """A button under the message. A tap is the customer's message: its text the title, with the payload."""

    content_type: Literal["text"] = "text"
    title: Annotated[
        str,
        Field(min_length=1, max_length=limits.QUICK_REPLY_TITLE),
        displayed_text(limits.QUICK_REPLY_TITLE),
    ]
    payload: _Payload
    image_url: _Url | None = None


class ContactQuickReply(Input):
    """A button with the phone number or e-mail address that the customer has at Facebook."""

    content_type: Literal["user_phone_number", "user_email"]


class UrlButton(Input):
    """Opens a web page."""

    type: Literal["web_url"]
    title: _ButtonTitle
    url: _Url


class PostbackButton(Input):
    """A tap is the customer's message: its text the title, with the payload."""

    type: Literal["postback"]
    title: _ButtonTitle
    payload: _Payload


class PhoneButton(Input):
    """Calls a number, given as `payload` with its country code."""

    type: Literal["phone_number"]
    title: _ButtonTitle
    payload: Annotated[str, Field(pattern=r"^\+[0-9]{5,20}$")]


Button = Annotated[UrlButton | PostbackButton | PhoneButton, Field(discriminator="type")]


class DefaultAction(Input):
    """What a tap on an element itself opens."""

    type: Literal["web_url"] = "web_url"
    url: _Url


class Element(Input):
    """One card of a generic template. The title alone is not enough for Meta."""

    title: Annotated[
        str, Field(min_length=1, max_length=limits.ELEMENT_TITLE), displayed_text(limits.ELEMENT_TITLE)
    ]
    subtitle: (
        Annotated[
            str,
            Field(min_length=1, max_length=limits.ELEMENT_SUBTITLE),
            displayed_text(limits.ELEMENT_SUBTITLE),
        ]
        | None
    ) = None
    image_url: _Url | None = None
    default_action: DefaultAction | None = None
    buttons: Annotated[list[Button], Field(min_length=1, max_length=limits.BUTTONS)] | None = None

    @model_validator(mode="after")
    def _has_more_than_a_title(self) -> Self:
        if not any((self.subtitle, self.image_url, self.default_action, self.buttons)):
            raise ValueError(
                "A title alone is not enough: add a subtitle, image_url, default_action or buttons."
            )
        return self


class ButtonTemplate(Input):
    """A text with buttons."""

    template_type: Literal["button"]
    text: Annotated[
        str,
        Field(min_length=1, max_length=limits.BUTTON_TEMPLATE_TEXT),
        displayed_text(limits.BUTTON_TEMPLATE_TEXT),
    ]
    buttons: Annotated[list[Button], Field(min_length=1, max_length=limits.BUTTONS)]


class GenericTemplate(Input):
    """Cards beside each other."""

    template_type: Literal["generic"]
    elements: Annotated[list[Element], Field(min_length=1, max_length=limits.ELEMENTS)]


QuickReply = Annotated[TextQuickReply | ContactQuickReply, Field(discriminator="content_type")]
Template = Annotated[ButtonTemplate | GenericTemplate, Field(discriminator="template_type")]
QuickReplies = Annotated[list[QuickReply], Field(min_length=1, max_length=limits.QUICK_REPLIES)]

_QUICK_REPLIES = TypeAdapter(QuickReplies)
_TEMPLATE = TypeAdapter(Template)


def content_of(quick_replies: QuickReplies | None, template: Template | None) -> dict[str, Any] | None:
    """The Send API's `message`, but for the text; None if there is nothing else."""
    content: dict[str, Any] = {}
    if template is not None:
        payload = _TEMPLATE.dump_python(template, mode="json", exclude_none=True)
        content["attachment"] = {"type": "template", "payload": payload}
    if quick_replies is not None:
        content["quick_replies"] = _QUICK_REPLIES.dump_python(quick_replies, mode="json", exclude_none=True)
    return content or None


def template_view(content: dict[str, Any] | None) -> dict[str, Any] | None:
    """The template in an outbound message's content, if an agent may have sent it."""
    payload = ((content or {}).get("attachment") or {}).get("payload") or {}
    return payload if payload.get("template_type") in ("button", "generic") else None


def quick_reply_views(content: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The quick replies in an outbound message's content, without the signatures of a survey's."""
    return [
        {name: value for name, value in each.items() if name != "payload" or not is_survey_payload(value)}
        for each in (content or {}).get("quick_replies", [])
    ]
