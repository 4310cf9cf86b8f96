"""What the API shows of a conversation to one reader."""

from datetime import datetime
from typing import Annotated, Protocol, Self

from pydantic import BaseModel, Field

from api.schemas.conversation_details import (
    FORBIDDEN,
    ActionView,
    LastMessageView,
    NamedView,
    OfferView,
    ReplyOutlookView,
)
from api.schemas.enumerations import StatusReason
from api.schemas.session_views import SessionView
from api.schemas.views import CustomerBrief, ThreadOwnerView, WindowView
from domain.access.roles import PEOPLE, Role
from domain.conversations.legal_actions import Action, ActionName, Asker, judge_actions
from domain.conversations.lifecycle import Phase, Status
from domain.conversations.reply_outlook import ReplyOutlook, ReplyVerdict, Verdict, judge_reply
from domain.conversations.state import ParticipantMode
from domain.conversations.window_deadlines import warning_at
from store.conversations.details import LOOKED_AT, DetailedConversation
from store.conversations.projection import window_of_thread
from store.tables import Participant

_NOBODYS_REPLY = ReplyOutlook(
    ReplyVerdict(Verdict.REFUSED, FORBIDDEN), may_hold=False, reopening_brings_tag=False
)
_NO_ACTION = tuple(Action(name, FORBIDDEN) for name in ActionName)

Among = Annotated[int, Field(ge=0, le=LOOKED_AT, description="Of the newest 50 messages.")]


class ParticipantView(BaseModel):
    """Somebody beside the agent of a conversation.

    `mode`: `consult` reads along, `join` may also write to the customer, `monitor` is a supervisor who
    watches. Whom `asked_by` has asked may accept until `expires_at`; `joined_at` is null until then.
    """

    agent_id: str
    mode: ParticipantMode
    since: datetime
    asked_by: str | None
    expires_at: datetime | None
    joined_at: datetime | None

    @classmethod
    def of(cls, row: Participant) -> Self:
        """What the row says."""
        return cls.model_validate(row.model_dump())


class Viewer(Protocol):
    """Whom a conversation is shown to."""

    @property
    def agent_id(self) -> str:
        """Their id."""

    @property
    def role(self) -> Role:
        """What they are."""

    @property
    def supervises(self) -> bool:
        """Whether they act on conversations of others."""


class ConversationView(BaseModel):
    """A conversation, as you see it. `participants` take part beside its agent, or are asked to.

    `agent`, `queue` and `page` name what the ids beside them mean. `owed_since`: when the customer wrote the
    first of the words that nobody has answered yet; null where no answer is owed. `warning_at`: when whoever
    owes it is warned that the window closes. `held`, `failed`, `unknown`: how many of the messages to the
    customer are so. `changed_at` and then `version` order two answers: the higher is the newer.
    """

    id: str
    status: Status
    phase: Phase | None
    status_reason: StatusReason
    status_changed_at: datetime
    page_id: str
    page: NamedView | None
    customer: CustomerBrief
    window: WindowView
    thread_owner: ThreadOwnerView
    session: SessionView | None
    agent_id: str | None
    agent: NamedView | None
    queue_id: str | None
    queue: NamedView | None
    priority: int | None
    workstream_id: str | None
    offer_expires_at: datetime | None
    offer: OfferView | None
    accepted_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None
    last_message_at: datetime | None
    last_message: LastMessageView | None
    owed_since: datetime | None
    warning_at: datetime | None
    participants: list[ParticipantView]
    disposition_code_id: str | None
    disposition_required: bool
    unread: Annotated[
        int,
        Field(ge=0, description="Of the newest messages, those of the customer's that you have not read."),
    ]
    held: Among
    failed: Among
    unknown: Among
    reply: ReplyOutlookView
    actions: list[ActionView]
    changed_at: datetime
    version: int

    @classmethod
    def of(cls, detailed: DetailedConversation, caller: Viewer, now: datetime) -> Self:
        """The conversation as it is at `now`, with what its reader may do."""
        record, judged_by, judged = detailed.record, detailed.judged_by, detailed.judged
        row, customer, offer = record.conversation, record.customer, judged.offer
        asker = Asker(caller.agent_id, caller.supervises)
        is_person = caller.role in PEOPLE
        actions = judge_actions(judged_by.state, judged, asker, now) if is_person else _NO_ACTION
        outlook = judge_reply(judged_by, judged, asker, now) if is_person else _NOBODYS_REPLY
        last = detailed.last_message
        return cls(
            id=row.id,
            status=judged.status,
            phase=judged.phase,
            status_reason=row.status_reason,
            status_changed_at=row.status_changed_at,
            page_id=row.page_id,
            page=_named(row.page_id, record.page_name),
            customer=CustomerBrief(id=customer.id, psid=customer.psid, name=customer.name),
            window=WindowView.of(window_of_thread(record.thread), now),
            thread_owner=ThreadOwnerView.of(record.thread, now),
            session=SessionView.of(record),
            agent_id=row.agent_id,
            agent=_named(row.agent_id, record.agent_name),
            queue_id=row.queue_id,
            queue=_named(row.queue_id, record.queue_name),
            priority=detailed.priority,
            workstream_id=row.workstream_id,
            offer_expires_at=row.offer_expires_at,
            offer=OfferView.model_validate(offer, from_attributes=True) if offer is not None else None,
            accepted_at=row.accepted_at,
            opened_at=row.opened_at,
            closed_at=row.closed_at,
            last_message_at=row.last_message_at,
            last_message=LastMessageView.of(last) if last is not None else None,
            owed_since=detailed.owed_since,
            warning_at=warning_at(judged_by.state, now) if detailed.owed_since is not None else None,
            disposition_code_id=row.disposition_code_id,
            disposition_required=judged_by.state.settings.disposition_required,
            participants=[ParticipantView.of(each) for each in record.participants],
            unread=detailed.unread,
            held=detailed.held,
            failed=detailed.failed,
            unknown=detailed.unknown,
            reply=ReplyOutlookView.of(outlook),
            actions=[ActionView.of(each) for each in actions],
            changed_at=now,
            version=row.version,
        )


def _named(id: str | None, name: str | None) -> NamedView | None:  # noqa: A002 - the field's name
    return NamedView(id=id, name=name) if id is not None and name is not None else None
