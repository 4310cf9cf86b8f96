"""Every table of the store.

Conversation state is the workflow's: `conversation`, `session` and the conversation columns of `message` are
projections of it. Messages, openings, receipts and send status are the store's own.
"""

from store.tables.conversations import ContextVariable, Conversation, Session
from store.tables.inbox import InboxEvent, Relay, RelayPartition, UnroutedEvent, inbox_metadata
from store.tables.messages import Attachment, AttachmentUpload, Message
from store.tables.people import Agent, ApiKey, IdempotencyRecord, SignIn, SignInTry
from store.tables.records import Erasure, Event, Installation
from store.tables.search import SearchText
from store.tables.settings import (
    Account,
    AutomatedMessage,
    Page,
    PageSilence,
    SessionTemplate,
    TimeOutRule,
    Workstream,
)
from store.tables.surveys import Survey, SurveyAnswer
from store.tables.threads import Customer, EarlyChange, Opening, Thread, ThreadEvent

__all__ = [
    "Account",
    "Agent",
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
    "Session",
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
