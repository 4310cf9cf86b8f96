"""Every table of the store.

Conversation state is the workflow's: `conversation`, `session` and the conversation columns of `message` are
projections of it. Messages, openings, receipts and send status are the store's own.
"""

from store.tables.access import Agent, ApiKey, IdempotencyRecord, SignIn, SignInCode, SignInTry
from store.tables.contacts import (
    Contact,
    ContactField,
    ContactLink,
    ContactRule,
    ContactValue,
    ContactWords,
)
from store.tables.conversations import AgentSession, ContextVariable, Conversation, Participant, ReadPosition
from store.tables.events import Event
from store.tables.inbox import InboxEvent, Relay, RelayPartition, UnroutedEvent, inbox_metadata
from store.tables.installation import Installation
from store.tables.messages import Attachment, AttachmentUpload, Message
from store.tables.notes import Note
from store.tables.pages import Account, Page, PageHealth, PageSendState, PageSilence
from store.tables.privacy import Erasure
from store.tables.queues import (
    AgentCapacityProfile,
    AgentSkill,
    CapacityProfile,
    DispositionCode,
    Holiday,
    OperatingHours,
    Queue,
    QueueMember,
    RoutingVersion,
    Rule,
    RuleSet,
    Skill,
)
from store.tables.quick_replies import QuickReply, QuickReplyWorkstream
from store.tables.reports import DailyMetrics, SummedDay
from store.tables.routing import (
    AgentConnection,
    AgentState,
    Demand,
    DispatchMark,
    DispatchShard,
    PreferredAgent,
    PresenceChange,
    ProcessLease,
    QueueStay,
    Slot,
    WorkItem,
    WorkItemReturn,
    WorkItemWish,
)
from store.tables.search import SearchText
from store.tables.surveys import Survey, SurveyAnswer
from store.tables.threads import Customer, EarlyChange, Opening, Thread, ThreadEvent
from store.tables.workstreams import AutomatedMessage, SessionTemplate, TimeOutRule, Workstream

__all__ = [
    "Account",
    "Agent",
    "AgentCapacityProfile",
    "AgentConnection",
    "AgentSession",
    "AgentSkill",
    "AgentState",
    "ApiKey",
    "Attachment",
    "AttachmentUpload",
    "AutomatedMessage",
    "CapacityProfile",
    "Contact",
    "ContactField",
    "ContactLink",
    "ContactRule",
    "ContactValue",
    "ContactWords",
    "ContextVariable",
    "Conversation",
    "Customer",
    "DailyMetrics",
    "Demand",
    "DispatchMark",
    "DispatchShard",
    "DispositionCode",
    "EarlyChange",
    "Erasure",
    "Event",
    "Holiday",
    "IdempotencyRecord",
    "InboxEvent",
    "Installation",
    "Message",
    "Note",
    "Opening",
    "OperatingHours",
    "Page",
    "PageHealth",
    "PageSendState",
    "PageSilence",
    "Participant",
    "PreferredAgent",
    "PresenceChange",
    "ProcessLease",
    "Queue",
    "QueueMember",
    "QueueStay",
    "QuickReply",
    "QuickReplyWorkstream",
    "ReadPosition",
    "Relay",
    "RelayPartition",
    "RoutingVersion",
    "Rule",
    "RuleSet",
    "SearchText",
    "SessionTemplate",
    "SignIn",
    "SignInCode",
    "SignInTry",
    "Skill",
    "Slot",
    "SummedDay",
    "Survey",
    "SurveyAnswer",
    "Thread",
    "ThreadEvent",
    "TimeOutRule",
    "UnroutedEvent",
    "WorkItem",
    "WorkItemReturn",
    "WorkItemWish",
    "Workstream",
    "inbox_metadata",
]
