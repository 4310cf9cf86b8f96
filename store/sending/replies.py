"""Agents' replies: the intent, before the workflow is asked, and its refusal, after.

The row comes first, so that no text is lost when Temporal is away; a sweep gives such replies to the
workflow later.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from base.ids import id_from_key
from domain.access.roles import SUPERVISORS_AND_ADMINS
from domain.conversations.changes import Fact, Refusal
from domain.conversations.command_types import Reply as ReplyCommand
from domain.conversations.lifecycle import ActorKind, Status
from domain.conversations.state import Notice
from domain.events.kinds import FactKind
from domain.sending.decide_send import RefusalCode
from domain.sending.delivery import MessageStatus
from domain.sending.send_gate import SendGate
from domain.workstreams.conversation_settings import AutomatedTrigger
from store.access.idempotency import request_hash
from store.attachments.rows import file_to_send, free_file, sent_file_id
from store.conversations.command_targets import CommandTarget, command_target
from store.conversations.conversation_settings import conversation_settings
from store.conversations.created_messages import notice_row
from store.conversations.listing import live_conversation_id, may_live
from store.conversations.messages import new_outbound_row, settle
from store.db.refusals import RefusalReason, StoreRefusalError, not_found
from store.db.sql import insert_if_new, insert_or_ignore
from store.events.events import append_events, event_row
from store.search import texts as search_texts
from store.tables import Agent, Conversation, Event, IdempotencyRecord, Message, Page, PageSendState

_MAY_BE_SAID_AGAIN = (MessageStatus.UNKNOWN.value, MessageStatus.FAILED.value)
_WINDOW_CODES = frozenset(code.value for code in RefusalCode)


@dataclass(frozen=True, slots=True)
class Reply:
    """What an agent wants to say.

    `content` is what the Send API's `message` holds besides the text. `reply_to` is the id of a message of
    ours; `reply_to_mid` is Meta's, where that is known already. `client_key` is the agent's own name for it.
    """

    message_id: str
    agent_id: str
    text: str | None
    request_hash: str
    client_key: str
    content: dict[str, Any] | None = None
    reply_to: str | None = None
    reply_to_mid: str | None = None
    attachment_id: str | None = None
    hold: bool = False
    resends: str | None = None

    @property
    def names_others(self) -> bool:
        """Whether a file or a message must be found for it, which may be gone later."""
        return self.attachment_id is not None or self.reply_to is not None


class RefusedBeforeError(Exception):
    """The key has been answered with a refusal, and keeps that answer. `problem` is its document."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem["code"])
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Intent:
    """A reply's row, and where it goes."""

    conversation: CommandTarget
    message: Message

    @property
    def is_open(self) -> bool:
        """Whether the workflow may not have been asked yet."""
        return self.message.status == MessageStatus.QUEUED.value and self.message.attempt == 0


def keep_intent(session: Session, conversation_id: str, reply: Reply, at: datetime) -> Intent:
    """Write the reply's row as `queued`, or find the one that the same key has written.

    Refused as `not_found`, `idempotency_key_reused`, `thread_owned_by_another_app` and `unknown_reply_to`;
    nothing is kept then. Raises RefusedBeforeError where the key was answered so.
    """
    conversation = command_target(session, conversation_id)
    refused = session.get(IdempotencyRecord, (reply.agent_id, _refusal_key(reply.message_id)))
    if refused is not None:
        if refused.request_hash != reply.request_hash:
            raise StoreRefusalError(RefusalReason.IDEMPOTENCY_KEY_REUSED)
        raise RefusedBeforeError(refused.body)
    # What names others may be refused now though it was kept then: the same key answers the same.
    if reply.names_others and (kept := session.get(Message, reply.message_id)) is not None:
        return _kept_intent(conversation, kept, reply)
    row = new_outbound_row(
        id=reply.message_id,
        page_id=conversation.page_id,
        customer_id=conversation.customer_id,
        conversation_id=conversation_id,
        session_id=conversation.session_id,
        sender_kind="agent",
        text=reply.text,
        content=reply.content,
        created_at=at,
        agent_id=reply.agent_id,
        reply_to_mid=reply.reply_to_mid or _mid_of(session, conversation, reply.reply_to),
        request_hash=reply.request_hash,
        client_key=reply.client_key,
        hold=reply.hold,
        resends=reply.resends,
    )
    if reply.attachment_id is not None:
        row["attachments"] = file_to_send(
            session,
            conversation.page_id,
            conversation.customer_id,
            reply.attachment_id,
            reply.message_id,
            # A resend brings what the thread has already, whoever had uploaded it.
            uploaded_by=reply.agent_id if reply.resends is None else None,
        )
    if not insert_if_new(session, Message, row):
        kept = session.get_one(Message, reply.message_id)
        return _kept_intent(conversation, kept, reply)
    search_texts.keep_messages(session, [row])
    if conversation.owner.as_of(at).is_other:
        raise StoreRefusalError(RefusalReason.THREAD_OWNED_BY_ANOTHER_APP)
    return Intent(conversation, Message(**row))


def keep_resend(
    session: Session, message_id: str, *, agent_id: str, new_message_id: str, client_key: str, at: datetime
) -> Intent:
    """Write an agent's message anew, to be sent in the conversation that the customer has now.

    Only a message of unknown outcome or one that failed may be said again; refused as `not_found` and
    `message_not_resendable`.
    """
    original = session.get(Message, message_id)
    if original is None or original.sender_kind != "agent" or original.conversation_id is None:
        raise not_found("message of an agent", message_id)
    is_kept = session.get(Message, new_message_id) is not None
    words = original.text or original.content or sent_file_id(original)
    if not is_kept and (original.status not in _MAY_BE_SAID_AGAIN or not words):
        raise StoreRefusalError(
            RefusalReason.MESSAGE_NOT_RESENDABLE, message_id=message_id, message_status=original.status
        )
    live = live_conversation_id(session, original.customer_id)
    reply = Reply(
        message_id=new_message_id,
        agent_id=agent_id,
        text=original.text,
        content=original.content,
        attachment_id=sent_file_id(original),
        reply_to_mid=original.reply_to_mid,
        request_hash=request_hash("resend", message_id),
        client_key=client_key,
        resends=message_id,
    )
    return keep_intent(session, live or original.conversation_id, reply, at)


def reply_command(session: Session, message_id: str) -> tuple[CommandTarget, ReplyCommand] | None:
    """The command that brings a kept reply to the workflow; None if it is settled or its agent is gone."""
    message = session.get(Message, message_id)
    if message is None or message.agent_id is None or message.conversation_id is None:
        return None
    agent = session.get(Agent, message.agent_id)
    is_open = message.status == MessageStatus.QUEUED.value or _is_held_by_window(message)
    if not is_open or agent is None:
        return None
    conversation = command_target(session, message.conversation_id)
    return conversation, command_for(message, conversation, agent.role)


def command_for(message: Message, conversation: CommandTarget, role: str) -> ReplyCommand:
    """The command that brings a kept reply to the workflow; `role` is its agent's."""
    return ReplyCommand(
        command_id=message.id,
        conversation_id=conversation.id,
        agent_id=message.agent_id or "",
        supervises=role in SUPERVISORS_AND_ADMINS,
        message_id=message.id,
        hold=message.hold,
        resends=message.resends,
        settings_version=conversation.settings_version,
    )


def refuse(
    session: Session,
    message_id: str,
    refusal: Refusal,
    problem: dict[str, Any],
    at: datetime,
    *,
    answered: bool,
) -> None:
    """A reply was refused, and its key keeps answering the problem.

    `answered`: the agent gets the problem now, so nothing else is kept of the reply. An agent who was told
    202 before finds it as `failed`, with the refusal's code. Where the window is the reason, the agent is
    told in the transcript, unless that message is switched off.
    """
    message = session.get(Message, message_id, with_for_update=True, populate_existing=True)
    if message is None:
        return  # who brought the same reply at the same time was answered first
    record = {
        "principal_id": message.agent_id,
        "key": _refusal_key(message.id),
        "request_hash": message.request_hash or "",
        "body": problem,
        "created_at": at,
    }
    insert_or_ignore(session, IdempotencyRecord, [record])
    if refusal.code in _WINDOW_CODES:
        _tell_agent(session, message, refusal.code, at)
    if answered and _is_unheard_of(session, message):
        free_file(session, sent_file_id(message), message.id)
        session.delete(message)
    else:
        settle(session, message.id, MessageStatus.FAILED, at, reason=refusal.code, detail=refusal.detail)


def refusal_by_row(session: Session, conversation_id: str, agent_id: str, at: datetime) -> Refusal | None:
    """What the workflow would refuse as far as its row tells, while Temporal gives no answer.

    A conversation that a colleague has, or that is closed, takes no reply that might fail there later.
    """
    conversation = session.get_one(Conversation, conversation_id)
    status = Status(conversation.status)
    settings = conversation_settings(session, conversation.page_id)
    if status is Status.CLOSED and not may_live(conversation, settings, at):
        return Refusal("conversation_closed", "This conversation is closed.", status)
    if conversation.agent_id not in (None, agent_id):
        return Refusal("not_your_conversation", "Another agent has this conversation.", status)
    return None


def _is_unheard_of(session: Session, message: Message) -> bool:
    """Whether no workflow has taken the message: it was never tried, and no task tells of it."""
    told = exists().where(
        col(Event.conversation_id) == message.conversation_id,
        col(Event.message_id) == message.id,
        col(Event.kind).in_((FactKind.MESSAGE_QUEUED, FactKind.MESSAGE_HELD)),
    )
    return message.attempt == 0 and not session.exec(select(told)).one()


_BEFORE_IT = (MessageStatus.QUEUED.value, MessageStatus.SENDING.value)
# An unknown outcome holds up what follows for a minute, and is then parked.
_LOOKED_FOR = timedelta(minutes=2)
_HELD_LATELY = timedelta(minutes=10)


def unsettled_replies(session: Session, older_than: datetime, *, limit: int = 200) -> list[str]:
    """Ids of agents' replies that the workflow may not know of: queued, never tried, and not in its events.

    Or in its events and yet nothing keeps it from being tried: the worker died between the projection and
    the end of its task, and Temporal forgot the update with the task. Asked again, a workflow that knows it
    answers the same. So may be what a window has just held, as far as its row knows.
    """
    earlier = aliased(Message)
    waits = or_(
        exists().where(
            col(earlier.customer_id) == col(Message.customer_id),
            or_(
                col(earlier.status).in_(_BEFORE_IT),
                and_(
                    col(earlier.status) == MessageStatus.UNKNOWN.value,
                    col(earlier.occurred_at) > older_than - _LOOKED_FOR,
                ),
            ),
            col(earlier.created_at) < col(Message.created_at),
        ),
        exists().where(
            col(PageSendState.page_id) == col(Message.page_id),
            col(PageSendState.send_gate) == SendGate.PAUSED.value,
            col(PageSendState.send_gate_until) > older_than,
        ),
    )
    known = exists().where(
        col(Event.conversation_id) == col(Message.conversation_id),
        col(Event.message_id) == col(Message.id),
        col(Event.kind) == FactKind.MESSAGE_QUEUED,
        col(Event.dedupe_key).is_not(None),  # without it, the event was retracted
    )
    return list(
        session.exec(
            select(Message.id)
            .where(
                or_(
                    col(Message.status) == MessageStatus.QUEUED.value,
                    and_(
                        col(Message.status) == MessageStatus.HELD.value,
                        col(Message.hold),
                        col(Message.reason).in_(_WINDOW_CODES),
                        col(Message.created_at) > older_than - _HELD_LATELY,
                    ),
                ),
                col(Message.created_at) < older_than,
                Message.direction == "outbound",
                Message.sender_kind == "agent",
                Message.attempt == 0,
                ~(known & waits),
            )
            .order_by(known, col(Message.created_at), col(Message.id))
            .limit(limit)
        )
    )


def _is_held_by_window(message: Message) -> bool:
    return message.status == MessageStatus.HELD.value and message.hold and message.reason in _WINDOW_CODES


def _kept_intent(conversation: CommandTarget, kept: Message, reply: Reply) -> Intent:
    if kept.request_hash != reply.request_hash:
        raise StoreRefusalError(RefusalReason.IDEMPOTENCY_KEY_REUSED)
    return Intent(conversation, kept)


def _tell_agent(session: Session, message: Message, code: str, at: datetime) -> None:
    trigger = AutomatedTrigger.OUTSIDE_WINDOW
    settings = conversation_settings(session, message.page_id)
    if trigger not in settings.automated_messages or message.conversation_id is None:
        return
    notice = Notice(
        id_from_key(message.id, trigger),
        message.conversation_id,
        trigger,
        cause_id=code,
        agent_id=message.agent_id,
    )
    page = session.get_one(Page, message.page_id)
    insert_or_ignore(session, Message, [notice_row(session, page, message.customer_id, notice, at)])
    fact = Fact(
        FactKind.NOTICE_SHOWN,
        at,
        ActorKind.SYSTEM,
        None,
        message.conversation_id,
        notice.id,
        {"trigger": trigger, "about": message.id, "agent_id": message.agent_id},
    )
    append_events(session, [event_row(fact, message.page_id, message.customer_id, f"notified/{notice.id}")])


def _mid_of(session: Session, conversation: CommandTarget, message_id: str | None) -> str | None:
    """Meta's id of the message that is answered to: one of the same thread that Meta knows."""
    if message_id is None:
        return None
    answered = session.get(Message, message_id)
    if answered is None or answered.customer_id != conversation.customer_id or answered.mid is None:
        raise StoreRefusalError(RefusalReason.UNKNOWN_REPLY_TO, message_id=message_id)
    return answered.mid


def _refusal_key(message_id: str) -> str:
    return f"refused/{message_id}"
