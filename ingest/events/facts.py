"""A routed event as it is kept (a row of `thread_event`) and as it is signalled."""

from datetime import datetime
from typing import Any

import orjson

from domain.conversations.state import ThreadEvent, ThreadEventKind
from domain.sending.window import Opening, OpeningKind
from domain.workstreams.conversation_settings import AutomatedTrigger
from store.tables import ThreadEvent as ThreadEventRow


def facts_of(event: ThreadEvent) -> dict[str, Any]:
    """The JSON that is kept."""
    facts: dict[str, Any] = orjson.loads(
        orjson.dumps(
            {
                "at": event.at,
                "opening": event.opening,
                "message_id": event.message_id,
                "survey_id": event.survey_id,
                "refused_files": event.refused_files,
                "by_program": event.by_program,
            }
        )
    )
    return facts


def thread_event(row: ThreadEventRow) -> ThreadEvent:
    """The signal's event, read back."""
    opening = row.facts["opening"]
    refused_files = row.facts.get("refused_files")
    return ThreadEvent(
        seq=row.seq,
        kind=ThreadEventKind(row.kind),
        at=datetime.fromisoformat(row.facts["at"]),
        opening=_opening(opening) if opening else None,
        message_id=row.facts["message_id"],
        survey_id=row.facts.get("survey_id"),
        refused_files=AutomatedTrigger(refused_files) if refused_files else None,
        by_program=row.facts.get("by_program", False),
    )


def _opening(facts: dict[str, str]) -> Opening:
    human_agent_until = facts["human_agent_until"]
    return Opening(
        kind=OpeningKind(facts["kind"]),
        at=datetime.fromisoformat(facts["at"]),
        standard_until=datetime.fromisoformat(facts["standard_until"]),
        human_agent_until=datetime.fromisoformat(human_agent_until) if human_agent_until else None,
    )
