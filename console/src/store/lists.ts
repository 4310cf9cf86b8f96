import type { Conversation, ConversationCounts } from "../api/types";

export const LIST_NAMES = ["mine", "open", "waiting", "closing_soon", "done"] as const;
export type ListName = (typeof LIST_NAMES)[number];

/** What `GET /v1/conversations` is asked for. */
export const LIST_QUERIES = {
  mine: { agent_id: "me", status: ["active", "wrap_up"] },
  open: { status: ["open"] },
  waiting: { status: ["waiting"] },
  closing_soon: { window: "closing_soon" },
  done: { agent_id: "me", status: ["closed"] },
} as const;

/** Which count the server keeps for a list; it keeps none of what is done. */
export const COUNTED: Partial<Record<ListName, keyof ConversationCounts>> = {
  mine: "mine",
  open: "open",
  waiting: "waiting",
  closing_soon: "closing_soon",
};

/**
 * Whether a conversation is in a list, as its row says. Null where only the server knows: what closes soon
 * depends on the time and on settings, and the console computes no windows.
 */
export function belongs(list: ListName, row: Conversation, agentId: string): boolean | null {
  switch (list) {
    case "mine":
      return row.agent_id === agentId && (row.status === "active" || row.status === "wrap_up");
    case "open":
      return row.status === "open";
    case "waiting":
      return row.status === "waiting";
    case "done":
      return row.agent_id === agentId && row.status === "closed";
    case "closing_soon":
      return row.status === "closed" ? false : null;
  }
}

/** The newest first: the order of the API's lists. */
export function inListOrder(a: Conversation, b: Conversation): number {
  const [left, right] = [a.last_message_at ?? a.opened_at, b.last_message_at ?? b.opened_at];
  if (left === right) {
    return a.id < b.id ? 1 : -1;
  }
  return left < right ? 1 : -1;
}
