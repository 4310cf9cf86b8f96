"""Which events somebody may hear: those of what they may read and see. One rule for the stream and timelines.

An event's kind begins with what it is about, as in `survey.answered`. Who may read that, by the operation
that shows it, may hear of it. What nobody has put into the table is for administrators. What happens in a
thread is heard by those who see it (`store.access.visibility`).
"""

from dataclasses import dataclass
from functools import cache

from api.security.auth import Rights
from api.security.permissions import Permissions
from domain.access.roles import SEEING_ALL, Role
from domain.events.kinds import FactKind
from store.access.conversation_viewers import Viewers
from store.events.timeline import is_about_agent
from store.tables import Event

SHOWN_BY: dict[str, str] = {
    "access": "list_audit",
    "account": "get_account",
    "agent": "get_agent",
    "attachment": "get_attachment",
    "automated_message": "list_automated_messages",
    "command": "get_timeline",
    "capacity_profile": "get_capacity_profile",
    "consult": "get_conversation",
    "contact": "get_contact",
    "contact_field": "list_contact_fields",
    "contact_rules": "get_contact_rules",
    "conversation": "get_conversation",
    "customer": "get_customer",
    "deletion_request": "list_audit",
    "disposition_code": "get_disposition_code",
    "erasure": "get_erasure",
    "event": "list_unrouted_events",
    "key": "list_keys",
    "link": "list_audit",
    "message": "list_messages",
    "note": "get_note",
    "notice": "get_timeline",
    "offer": "get_conversation",
    "operating_hours": "get_operating_hours",
    "page": "get_page",
    "participant": "get_conversation",
    "queue": "list_queue_members",
    "quick_reply": "get_quick_reply",
    "rule": "get_timeline",
    "rule_set": "get_rule_set",
    "session": "get_conversation",
    "session_template": "get_session_template",
    "sign_in": "list_audit",
    "skill": "get_skill",
    "survey": "get_survey",
    "thread": "get_conversation",
    "time_out_rule": "get_time_out_rule",
    "token": "list_audit",
    "webhook": "list_conflicting_events",
    "window": "get_conversation",
    "workstream": "get_workstream",
}
"""The first part of a kind, and the operation that shows what it is about."""

_OF_OFFERS = frozenset(kind for kind in FactKind if kind.startswith("offer."))


@cache
def subjects_for(permissions: Permissions, role: Role) -> frozenset[str] | None:
    """What this role may hear of, as first parts of kinds; None for everything."""
    if role is Role.ADMIN:
        return None
    return frozenset(subject for subject, shown_by in SHOWN_BY.items() if role in permissions.roles(shown_by))


@dataclass(frozen=True, slots=True)
class EventReader:
    """Somebody who reads events, with the rights of the moment; when these change, the stream ends."""

    agent_id: str
    rights: Rights
    subjects: frozenset[str] | None
    """As `subjects_for`."""


def is_among(viewers: Viewers | None, agent_id: str, rights: Rights) -> bool:
    """Whether somebody sees what happened in a thread with these viewers; None: it happened in no thread."""
    return viewers is None or rights.role in SEEING_ALL or viewers.include(agent_id, rights.queue_ids)


def may_see(event: Event, viewers: Viewers | None, reader: EventReader) -> bool:
    """Whether a reader may hear of an event. Every event of the stream is asked about here.

    `viewers`: who sees the thread that it happened in; None if it happened in none. Of agents, those hear of
    offers to whom they are made, who have the conversation, or take part in it: the others of its queue are
    told what becomes of the conversation.
    """
    if reader.subjects is not None and event.kind.partition(".")[0] not in reader.subjects:
        return is_about_agent(event, reader.agent_id)
    if viewers is not None and reader.rights.role is Role.AGENT and event.kind in _OF_OFFERS:
        return reader.agent_id in viewers.agent_ids
    return is_among(viewers, reader.agent_id, reader.rights)
