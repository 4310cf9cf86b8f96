import type { Conversation, ReplyOutlook } from "../api/types";

/** What pressing the button does; null: there is no button, for somebody has to do something else first. */
export type SendMode = "send" | "send_as_human_agent" | "send_later" | "hold";

/** What the strip says. `until`: when that changes. */
export type StripKind =
  | "standard"
  | "closing_soon"
  | "human_agent"
  | "page_not_sending"
  | "tag_off"
  | "tag_needs_session"
  | "window_closed"
  | "never_opened"
  | "other_app"
  | "not_yours"
  | "nobodys"
  | "accept_first"
  | "waiting"
  | "wrap_up"
  | "closed"
  | "unknown";

export interface Outlook {
  strip: StripKind;
  tone: "ok" | "warn" | "human-agent" | "bad" | "plain";
  mode: SendMode | null;
  until: string | null;
  /** How a reply goes after `until`; null: not at all. */
  sentAsThen: "standard" | "human_agent" | null;
  code: string | null;
}

const BY_CODE: Record<string, StripKind> = {
  human_agent_tag_disabled: "tag_off",
  window_closed: "window_closed",
  window_never_opened: "never_opened",
  thread_owned_by_another_app: "other_app",
  not_your_conversation: "not_yours",
  conversation_closed: "closed",
  page_held: "page_not_sending",
  page_paused: "page_not_sending",
};

const BY_STATUS: Partial<Record<string, StripKind>> = {
  open: "nobodys",
  waiting: "waiting",
  wrap_up: "wrap_up",
  closed: "closed",
};

/** What a reply would become, for the strip and the button. The server has judged; nothing is computed here. */
export function outlookOf(row: Conversation, agentId: string, closesSoon = false): Outlook {
  const { reply } = row;
  const later = reply.then?.verdict === "allowed" ? (reply.then.sent_as ?? null) : null;
  const common = { until: reply.changes_at, sentAsThen: later, code: reply.code };
  if (reply.verdict === "later") {
    return { ...common, strip: "page_not_sending", tone: "warn", mode: "send_later" };
  }
  if (reply.verdict === "allowed") {
    return reply.sent_as === "human_agent"
      ? { ...common, strip: "human_agent", tone: "human-agent", mode: "send_as_human_agent" }
      : closesSoon && reply.changes_at !== null
        ? { ...common, strip: "closing_soon", tone: "warn", mode: "send" }
        : { ...common, strip: "standard", tone: "ok", mode: "send" };
  }
  const strip = refusedStrip(row, reply, agentId);
  const isWindows = strip === "tag_off" || strip === "tag_needs_session" || strip === "window_closed";
  return { ...common, strip, tone: isWindows ? "bad" : "plain", mode: reply.may_hold ? "hold" : null };
}

function refusedStrip(row: Conversation, reply: ReplyOutlook, agentId: string): StripKind {
  const byState = stripByState(row, agentId);
  if (byState !== null && reply.code !== "thread_owned_by_another_app") {
    return byState;
  }
  if (reply.reopening_brings_tag) {
    return "tag_needs_session";
  }
  return BY_CODE[reply.code ?? ""] ?? "unknown";
}

function stripByState(row: Conversation, agentId: string): StripKind | null {
  if (row.phase === "awaiting_acceptance") {
    return row.agent_id === agentId ? "accept_first" : "not_yours";
  }
  return BY_STATUS[row.status] ?? (row.agent_id === agentId ? null : "not_yours");
}
