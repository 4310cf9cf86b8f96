"""What the customer sees of an agent besides messages: that they type, and that they have read.

Best effort: nothing is kept, repeated or counted as a send, and no message waits for it.
"""

from pydantic import Field

from api.http.fields import Flag, Input, PathId
from api.http.problem_docs import problems
from api.http.problems import Problem
from api.security.auth import Caller, Principal
from api.security.guarded_route import api_router
from api.services.meta_actions import PROBLEMS_AT_META, MetaActions, MetaActionsDep
from base import clock
from domain.sending.decide_send import ContentKind, RefusalCode, SenderKind, SendRefusal, decide_send
from store.conversations.projection import window_of_thread

_TIMEOUT_SECONDS = 3.0
_OUTSIDE_WINDOW = "Typing and seen are shown inside Meta's standard window only."
_CODES = (
    "not_found",
    "conversation_closed",
    "not_your_conversation",
    *RefusalCode,
    *PROBLEMS_AT_META,
)

router = api_router("conversations")


class TypingInput(Input):
    """Whether the agent types now. Meta takes the sign away by itself after some seconds."""

    on: Flag = Field(default=True, description="False takes the sign away.")


_ON = TypingInput()


@router.post("/v1/conversations/{conversation_id}/typing", status_code=204, responses=problems(*_CODES))
async def show_typing(
    meta: MetaActionsDep, caller: Caller, conversation_id: PathId, body: TypingInput = _ON
) -> None:
    """Show the customer that somebody types, or that nobody does any more."""
    await _act(meta, caller, conversation_id, "typing_on" if body.on else "typing_off")


@router.post("/v1/conversations/{conversation_id}/seen", status_code=204, responses=problems(*_CODES))
async def show_seen(meta: MetaActionsDep, caller: Caller, conversation_id: PathId) -> None:
    """Show the customer that their messages were read."""
    await _act(meta, caller, conversation_id, "mark_seen")


async def _act(meta: MetaActions, caller: Principal, conversation_id: str, action: str) -> None:
    found = await meta.load_target(conversation_id, caller.agent_id, supervises=caller.supervises)
    # The window's word on an automated message is the standard window's alone.
    verdict = decide_send(
        clock.now(),
        window_of_thread(found.thread),
        SenderKind.AUTOMATIC,
        ContentKind.MESSAGE,
        human_agent_tag=False,
    )
    if isinstance(verdict, SendRefusal):
        raise Problem(verdict.code, _OUTSIDE_WINDOW)
    await meta.ask(
        lambda graph: graph.act(found.credentials, found.psid, action), timeout_seconds=_TIMEOUT_SECONDS
    )
