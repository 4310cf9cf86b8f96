"""Agents' replies: keep the row, send the command to the workflow, and deliver later what had no answer.

The row comes first, so that no text is lost while Temporal is away. A message id is the id of its
command, so a reply that is sent to the workflow twice is one message.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from sqlmodel import Session

from api.http.dependencies import from_app
from api.http.problem_docs import ProblemDocument
from api.http.problems import Problem
from api.http.rate_limit import RateLimit
from api.schemas.views import MessageView, ThreadOwnerView
from api.services.conversation_commands import ConversationCommands
from api.services.meta_actions import MetaActions
from api.services.refusals import refusal_problem
from api.services.workflow_client import CommandRefusedError, TemporalUnavailableError, TooManyUpdatesError
from base import clock
from domain.access.roles import Role
from domain.conversations.changes import Refusal
from domain.conversations.command_types import Command
from domain.conversations.judge_command import REFUSAL_CODES
from store.conversations.command_targets import CommandTarget, named_by, record_refusal
from store.conversations.messages import replied_ids
from store.db.database import Database
from store.db.refusals import RefusalReason, StoreRefusalError
from store.sending import replies
from store.tables import Message, Thread

_FIELDS_OF_EVERY_PROBLEM = frozenset(ProblemDocument.model_fields)


class ReplyService:
    """What endpoints and the sweep do with replies."""

    def __init__(self, database: Database, commands: ConversationCommands, meta: MetaActions) -> None:
        self._database = database
        self._commands = commands
        self._meta = meta
        self._limit = RateLimit("too_many_messages", per_second=2, burst=120)

    def take_turn(self, agent_id: str, conversation_id: str) -> None:
        """Count a reply for the limit of one agent and one conversation; raises `too_many_messages`."""
        self._limit.acquire(f"{agent_id} {conversation_id}")

    async def keep(
        self, conversation_id: str, write_row: Callable[[Session], replies.Intent]
    ) -> replies.Intent:
        """Write a reply's row with `replies.keep_intent` or `keep_resend`; raises the problem of a refusal.

        Meta is asked who controls the thread before another app's control is the answer.
        """
        try:
            return await self._database.write(write_row)
        except replies.RefusedBeforeError as error:
            raise _repeated_problem(error.problem) from error
        except StoreRefusalError as error:
            if error.code is not RefusalReason.THREAD_OWNED_BY_ANOTHER_APP:
                raise
        owner = await self._meta.thread_owner(conversation_id)
        if owner.is_other:
            shown = ThreadOwnerView.of_known(owner).model_dump(mode="json")
            raise Problem(RefusalReason.THREAD_OWNED_BY_ANOTHER_APP, thread_owner=shown)
        return await self._database.write(write_row)

    async def send_command(self, intent: replies.Intent, role: Role) -> bool:
        """Send a kept reply to the workflow; raises the problem of a refusal.

        False if the workflow has not answered.
        """
        if not intent.is_open:
            return True
        target = intent.conversation
        command = replies.command_for(intent.message, target, role)
        try:
            await self._commands.send_command(target, command)
        except CommandRefusedError as error:
            raise await self._record(target, command, error.refusal, answered=True) from error
        except (TooManyUpdatesError, TemporalUnavailableError):
            refusal = await self._refusal_by_row(target, command, clock.now())
            if refusal is not None:
                raise await self._record(target, command, refusal, answered=True) from None
            return False
        return True

    async def deliver_pending_reply(self, message_id: str) -> None:
        """Send one kept reply to the workflow, unless it is not pending any more.

        Raises TooManyUpdatesError, TemporalUnavailableError, and, once it is recorded, CommandRefusedError.
        """
        found = await self._database.read(lambda s: replies.reply_command(s, message_id))
        if found is None:
            return
        target, command = found
        try:
            await self._commands.send_command(target, command)
        except CommandRefusedError as error:
            await self._record(target, command, error.refusal, answered=False)
            raise

    async def pending_replies(self, older_than: datetime) -> list[str]:
        """The ids of kept replies that the workflow may not have."""
        return await self._database.read(lambda s: replies.unsettled_replies(s, older_than))

    async def show(self, intent: replies.Intent) -> MessageView:
        """The reply's message as it stands."""

        def load(session: Session) -> MessageView:
            message = session.get(Message, intent.message.id)
            if message is None:
                # The same reply, in two requests at once, was refused in the other and taken in this one.
                raise Problem("conflict")
            # The thread's receipts say something about messages that were sent, and about no others.
            thread = session.get(Thread, message.customer_id) if message.sent_at is not None else None
            return MessageView.of(message, thread, replied_ids(session, [message]))

        return await self._database.read(load)

    async def _refusal_by_row(self, target: CommandTarget, command: Command, now: datetime) -> Refusal | None:
        agent_id = command.agent_id
        return await self._database.read(lambda s: replies.refusal_by_row(s, target.id, agent_id, now))

    async def _record(
        self, target: CommandTarget, command: Command, refusal: Refusal, *, answered: bool
    ) -> Problem:
        """Record a refusal; returns the problem that it is answered with."""
        now = clock.now()

        def write(session: Session) -> Problem:
            problem = refusal_problem(refusal, now, named_by(session, target, refusal.code))
            replies.refuse(session, command.command_id, refusal, problem.body, now, answered=answered)
            record_refusal(session, target, command, refusal.code, now)
            return problem

        return await self._database.write(write)


def _repeated_problem(problem: dict[str, Any]) -> Problem:
    """The problem that this key was answered with before."""
    code = str(problem["code"])
    extras = {name: value for name, value in problem.items() if name not in _FIELDS_OF_EVERY_PROBLEM}
    return Problem(code if code in REFUSAL_CODES else "conflict", str(problem["detail"]), **extras)


ReplyServiceDep = Annotated[ReplyService, from_app("replies")]
