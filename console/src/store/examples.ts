import type { Conversation, Message, Note } from "../api/types";

/** A conversation for unit tests. */
export function aConversation(fields: Partial<Conversation> = {}): Conversation {
  return {
    id: "c1",
    status: "active",
    phase: "in_conversation",
    status_reason: "picked",
    status_changed_at: "2026-11-26T14:00:00Z",
    page_id: "p1",
    customer: { id: "u1", psid: "7", name: "Ada" },
    window: {
      stage: "standard",
      opened_by: "message",
      opened_at: "2026-11-26T14:00:00Z",
      standard_until: "2026-11-27T14:00:00Z",
      human_agent_until: "2026-12-03T14:00:00Z",
    },
    session: null,
    agent_id: "me",
    queue_id: null,
    workstream_id: null,
    opened_at: "2026-11-26T14:00:00Z",
    last_message_at: null,
    participants: [],
    unread: 0,
    owed_since: null,
    last_message: null,
    actions: [],
    changed_at: "2026-11-26T14:00:00Z",
    version: 1,
    ...fields,
  } as Conversation;
}

/** A customer's message for unit tests. */
export function aMessage(fields: Partial<Message> = {}): Message {
  return {
    id: "m1",
    conversation_id: "c1",
    direction: "inbound",
    sender_kind: "customer",
    agent_id: null,
    kind: "text",
    text: "hello",
    attachments: [],
    reactions: [],
    edits: [],
    quick_replies: [],
    deleted_at: null,
    status: null,
    occurred_at: "2026-11-26T14:00:00Z",
    ...fields,
  } as Message;
}

/** A colleague's note for unit tests. */
export function aNote(fields: Partial<Note> = {}): Note {
  return {
    id: "n1",
    conversation_id: "c1",
    customer_id: "u1",
    agent_id: "tom",
    text: "The carrier lost it.",
    created_at: "2026-11-26T14:00:00Z",
    edited_at: null,
    ...fields,
  };
}
