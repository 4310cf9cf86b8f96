import type { components } from "./schema";

type Schemas = components["schemas"];

export type Agent = Schemas["AgentView"];
export type Conversation = Schemas["ConversationView"] & Partial<Outlook>;
export type ConversationCounts = Schemas["CountsView"];
export type CurrentSignIn = Schemas["CurrentSignInView"];
export type Directory = Schemas["DirectoryView"];
export type Message = Schemas["MessageView"];
export type Work = Schemas["WorkView"];
export type WorkConversation = Schemas["WorkConversationView"];
export type Presence = Schemas["PresenceView"];

export interface ReplyVerdict {
  verdict: "allowed" | "later" | "refused";
  code: string | null;
  sent_as: "standard" | "human_agent" | null;
}

export interface ReplyOutlook extends ReplyVerdict {
  may_hold: boolean;
  reopening_brings_tag: boolean;
  changes_at: string | null;
  then: ReplyVerdict | null;
}

export interface LastMessage {
  text: string | null;
  direction: string;
  sender_kind: string;
  agent_id: string | null;
  kind: string;
  status: string | null;
  deleted_at: string | null;
}

/** What conversations tell of what may be done with them, and of what was said last. */
interface Outlook {
  reply: ReplyOutlook;
  actions: { name: string; legal: boolean; reason: string | null }[];
  last_message: LastMessage | null;
  owed_since: string | null;
  held: number;
  failed: number;
  unknown: number;
  changed_at: string;
}
