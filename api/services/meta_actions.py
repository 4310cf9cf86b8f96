"""What the API asks Meta itself: small things about one thread that no message waits for.

Typing, seen and thread control do not go through the thread's workflow. A signal and an activity would cost
some ten history events each for a sign that is stale by then, and an agent who takes a thread needs Meta's
answer at once. None of them sends a message, none is kept or repeated, and a failure is the caller's answer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from sqlmodel import Session

from api.http.dependencies import from_app
from api.http.problems import Problem
from api.http.rate_limit import RateLimit
from base import clock
from base.secrets import Vault
from domain.conversations.lifecycle import Status
from domain.sending.send_gate import SendGate
from domain.sending.thread_owner import ThreadOwner
from messenger.graph.client import GraphClient
from messenger.graph.error_table import ErrorKind
from messenger.graph.errors import GraphError
from messenger.graph.page_credentials import PageCredentials, open_page_credentials
from messenger.graph.results import GraphUnavailable
from store.conversations.thread_owners import owner_of_thread, told_by_meta
from store.db.database import Database
from store.db.refusals import not_found
from store.tables import Account, Conversation, Customer, Page, PageSendState, Thread

PROBLEMS_AT_META = ("meta_refused", "meta_unavailable", "page_not_sending", "thread_owned_by_another_app")

_OWNER_TIMEOUT_SECONDS = 3.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ThreadTarget:
    """A conversation's thread, and what it takes to ask Meta about it."""

    conversation: Conversation
    thread: Thread
    credentials: PageCredentials
    psid: str
    gate: str

    @property
    def own_app_id(self) -> str:
        """The app that we are to Meta."""
        return self.credentials.app_id


def load_thread_target(session: Session, vault: Vault, conversation_id: str) -> ThreadTarget:
    """Read it; refused as `not_found`."""
    conversation = session.get(Conversation, conversation_id)
    if conversation is None:
        raise not_found("conversation", conversation_id)
    page = session.get_one(Page, conversation.page_id)
    return ThreadTarget(
        conversation,
        session.get_one(Thread, conversation.customer_id),
        open_page_credentials(vault, page, session.get_one(Account, page.account_id)),
        session.get_one(Customer, conversation.customer_id).psid,
        session.get_one(PageSendState, page.page_id).send_gate,
    )


class MetaActions:
    """Calls Meta, and raises failures as problems."""

    def __init__(self, database: Database, graph: GraphClient, vault: Vault) -> None:
        self._database = database
        self._graph = graph
        self._vault = vault
        self._limit = RateLimit("too_many_requests", per_second=1, burst=10)

    async def load_target(self, conversation_id: str, agent_id: str, *, supervises: bool) -> ThreadTarget:
        """The thread of a live conversation that the caller may act in; raises the problem if not.

        A problem is also raised where one thread is asked for too often, as each time is a call to Meta.
        """
        self._limit.acquire(conversation_id)
        found = await self._database.read(lambda s: load_thread_target(s, self._vault, conversation_id))
        if found.conversation.status == Status.CLOSED:
            raise Problem("conversation_closed", conversation_id=conversation_id)
        if not supervises and found.conversation.agent_id not in (None, agent_id):
            raise Problem(
                "not_your_conversation",
                conversation_id=conversation_id,
                agent_id=found.conversation.agent_id,
            )
        if found.gate == SendGate.HELD:
            raise Problem("page_not_sending", page_id=found.conversation.page_id)
        return found

    async def thread_owner(self, conversation_id: str) -> ThreadOwner:
        """Who controls the thread now. Meta sends no event when an app releases a thread, so it is asked.

        If it does not answer, what is known stands.
        """
        found = await self._database.read(lambda s: load_thread_target(s, self._vault, conversation_id))
        try:
            app_id = await self.ask(
                lambda graph: graph.thread_owner(found.credentials, found.psid),
                timeout_seconds=_OWNER_TIMEOUT_SECONDS,
            )
        except Problem:
            return owner_of_thread(found.thread).as_of(clock.now())
        customer_id, now = found.thread.customer_id, clock.now()
        return await self._database.write(
            lambda s: told_by_meta(s, customer_id, app_id, found.own_app_id, now)
        )

    async def ask(self, call: Callable[[GraphClient], Awaitable[T]], *, timeout_seconds: float) -> T:
        """Make one call and wait at most `timeout_seconds`; raises a problem of PROBLEMS_AT_META."""
        try:
            async with asyncio.timeout(timeout_seconds):
                return await call(self._graph)
        except (GraphUnavailable, TimeoutError) as error:
            raise Problem("meta_unavailable") from error
        except GraphError as error:
            raise _as_problem(error) from error


def _as_problem(error: GraphError) -> Problem:
    if error.kind is ErrorKind.THREAD_CONTROL:
        return Problem("thread_owned_by_another_app")
    if error.is_transient_failure:
        return Problem("meta_unavailable", error.explanation)
    return Problem(
        "meta_refused",
        f"{error.explanation} {error.remedy}",
        reason=error.reason,
        meta_code=error.code,
        meta_subcode=error.subcode,
    )


MetaActionsDep = Annotated[MetaActions, from_app("meta_actions")]
