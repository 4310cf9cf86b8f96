import type { components } from "./schema";

type Schemas = components["schemas"];

export type Agent = Schemas["AgentView"];
export type Config = Schemas["ConfigView"];
export type Conversation = Schemas["ConversationView"];
export type ConversationCounts = Schemas["CountsView"];
export type CurrentSignIn = Schemas["CurrentSignInView"];
export type Directory = Schemas["DirectoryView"];
export type FileReason = Schemas["FileReason"];
export type Message = Schemas["MessageView"];
export type Note = Schemas["NoteView"];
export type Work = Schemas["WorkView"];
export type WorkConversation = Schemas["WorkConversationView"];
export type Presence = Schemas["PresenceView"];
export type FilledQuickReply = Schemas["FilledQuickReplyView"];
export type ReplyOutlook = Schemas["ReplyOutlookView"];
export type Contact = Schemas["ContactView"];
export type CustomerSummary = Schemas["CustomerSummaryView"];
