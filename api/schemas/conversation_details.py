"""Parts of what the API shows of a conversation: the last line, the verdict on a reply, what one may do."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field

from api.schemas.enumerations import AllowedBy, MessageDirection, MessageKind, MessageSender, one_of
from domain.conversations.judge_command import REFUSAL_CODES
from domain.conversations.legal_actions import Action, ActionName
from domain.conversations.reply_outlook import (
    OWNED_BY_OTHERS,
    PageGate,
    ReplyOutlook,
    ReplyVerdict,
    SentAs,
    Verdict,
)
from domain.sending.delivery import MessageStatus
from store.conversations.details import MAX_SHOWN_TEXT, LastMessage

FORBIDDEN = "forbidden"
"""The code of what the caller's role may not do."""


VerdictCode = Annotated[str, one_of([*REFUSAL_CODES, OWNED_BY_OTHERS, FORBIDDEN, *PageGate])]
ActionRefusal = Annotated[str, one_of([*REFUSAL_CODES, FORBIDDEN])]


class NamedView(BaseModel):
    """Something by its id, with its name as it is now."""

    id: str
    name: str


class LastMessageView(BaseModel):
    """What was said last. `text` is cut to 120 characters, and null of what has none or was taken back."""

    id: str
    text: Annotated[str | None, Field(max_length=MAX_SHOWN_TEXT)]
    direction: MessageDirection
    sender_kind: MessageSender
    agent_id: str | None
    kind: MessageKind
    at: datetime
    status: MessageStatus | None
    deleted_at: datetime | None

    @classmethod
    def of(cls, message: LastMessage) -> Self:
        """The line as it was read."""
        return cls.model_validate(message, from_attributes=True)


class OfferView(BaseModel):
    """To whom a conversation is offered, and until when they may answer."""

    agent_id: str
    expires_at: datetime
    may_be_declined: bool


class ReplyVerdictView(BaseModel):
    """What becomes of a reply of yours, at an instant.

    `later`: it is taken, and sent when the page may send again; `code` says why not now. `refused`: `code` is
    that of the problem. `allowed_by`: the rule of Meta's window that allows it; `sent_as`: how it then goes.
    """

    verdict: Verdict
    code: VerdictCode | None
    allowed_by: AllowedBy | None
    sent_as: SentAs | None

    @classmethod
    def of_verdict(cls, verdict: ReplyVerdict) -> Self:
        """The verdict as it was given."""
        return cls.model_validate(verdict, from_attributes=True)


class ReplyOutlookView(ReplyVerdictView):
    """What becomes of a reply that you send now, and what is to become of it `then`, from `changes_at` on.

    It is judged anew when it is sent, by the same rules. `may_hold`: the window refuses it, and with `hold`
    it is kept until the customer writes. `reopening_brings_tag`: the session that is under way has no human
    agent tag, and a new one would have it.
    """

    may_hold: bool
    reopening_brings_tag: bool
    changes_at: datetime | None
    then: ReplyVerdictView | None

    @classmethod
    def of(cls, outlook: ReplyOutlook) -> Self:
        """The outlook as it was judged."""
        return cls(
            **ReplyVerdictView.of_verdict(outlook.now).model_dump(),
            may_hold=outlook.may_hold,
            reopening_brings_tag=outlook.reopening_brings_tag,
            changes_at=outlook.changes_at,
            then=ReplyVerdictView.of_verdict(outlook.then) if outlook.then is not None else None,
        )


class ActionView(BaseModel):
    """An operation on the conversation, and whether you may ask for it now.

    `reason`: the code of the problem that it would be refused with. Who or what receives it is not looked at.
    """

    name: ActionName
    legal: bool
    reason: ActionRefusal | None

    @classmethod
    def of(cls, action: Action) -> Self:
        """The action as it was judged."""
        return cls(name=action.name, legal=action.is_legal, reason=action.reason)
