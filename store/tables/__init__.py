"""Every table of the store.

Conversation state is the workflow's: `conversation`, `session` and the conversation columns of `message` are
projections of it. Messages, openings, receipts and send status are the store's own.
"""

from store.tables.access import Agent, ApiKey, IdempotencyRecord, SignIn, SignInTry
from store.tables.conversations import AgentSession, ContextVariable, Conversation
from store.tables.events import Event
from store.tables.inbox import InboxEvent, Relay, RelayPartition, UnroutedEvent, inbox_metadata
from store.tables.installation import Installation
from store.tables.messages import Attachment, AttachmentUpload, Message
from store.tables.pages import Account, Page, PageSilence
from store.tables.privacy import Erasure
from store.tables.search import SearchText
from store.tables.surveys import Survey, SurveyAnswer
from store.tables.threads import Customer, EarlyChange, Opening, Thread, ThreadEvent
from store.tables.workstreams import AutomatedMessage, SessionTemplate, TimeOutRule, Workstream

__all__ = [
    "Account",
    "Agent",
    "AgentSession",
    "ApiKey",
    "Attachment",
    "AttachmentUpload",
    "AutomatedMessage",
    "ContextVariable",
    "Conversation",
    "Customer",
    "EarlyChange",
    "Erasure",
    "Event",
    "IdempotencyRecord",
    "InboxEvent",
    "Installation",
    "Message",
    "Opening",
    "Page",
    "PageSilence",
    "Relay",
    "RelayPartition",
    "SearchText",
    "SessionTemplate",
    "SignIn",
    "SignInTry",
    "Survey",
    "SurveyAnswer",
    "Thread",
    "ThreadEvent",
    "TimeOutRule",
    "UnroutedEvent",
    "Workstream",
    "inbox_metadata",
]
