"""What a refused message says of its page. The page's next check, which is asked for at once, decides."""

import asyncio
from datetime import timedelta

from sqlmodel import Session
from temporalio import activity
from temporalio.service import RPCError

from base import clock
from base.log import get_logger
from domain.sending.decide_send import HUMAN_AGENT_TAG
from messenger.graph.error_table import ErrorKind
from messenger.graph.errors import GraphError
from store.db.database import Database
from store.db.sql import FOR_NO_KEY_UPDATE
from store.pages import findings
from store.tables import PageHealth
from workflows.messages import CHECK_SIGNAL, page_workflow_id

_OF_KIND = {ErrorKind.AUTH: "token_invalid", ErrorKind.POLICY: "policy_block"}
_ROLES_ONLY = frozenset({(200, None), (200, 2018028)})
"""How Meta refuses messages of an app that is not live, or not approved."""

_TIMEOUT_SECONDS = 3.0
_OFTEN = timedelta(minutes=1)
"""What many messages meet within a minute is one finding."""

_log = get_logger("activities")


def finding_of_refusal(error: GraphError, tag: str | None) -> str | None:
    """The problem that an error makes likely; None where it says nothing of the page."""
    if error.kind is not ErrorKind.CONFIG:
        return _OF_KIND.get(error.kind)
    if tag == HUMAN_AGENT_TAG.tag:
        return "human_agent_not_granted"
    return "development_mode" if (error.code, error.subcode) in _ROLES_ONLY else "sends_not_permitted"


async def note_send_finding(database: Database, page_id: str, error: GraphError, tag: str | None) -> None:
    """Note what a refusal says of the page and have the page checked at once, once a minute at most."""
    code = finding_of_refusal(error, tag)
    if code is None:
        return

    def note(session: Session) -> bool:
        now = clock.now()
        health = session.get_one(PageHealth, page_id, with_for_update=FOR_NO_KEY_UPDATE)
        if any(each.code == code and now - each.at < _OFTEN for each in findings.of(health)):
            return False
        findings.note(health, code, now, {"meta_code": error.code, "meta_subcode": error.subcode})
        return True

    if await database.write(note):
        await _ask_for_check(page_id)


async def _ask_for_check(page_id: str) -> None:
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            await activity.client().get_workflow_handle(page_workflow_id(page_id)).signal(CHECK_SIGNAL)
    except (RPCError, TimeoutError) as failure:  # the page's own interval makes it up
        _log.warning("page_not_told", page_id=page_id, error=type(failure).__name__)
