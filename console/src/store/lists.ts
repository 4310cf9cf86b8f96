import type { Conversation, ConversationCounts } from "../api/types";

export const LIST_NAMES = ["mine", "open", "waiting", "closing_soon", "done"] as const;
export type ListName = (typeof LIST_NAMES)[number];

/** The orders that the API's lists have: newest activity, longest waiting for an answer, next closing window. */
export const SORTS = ["activity", "owed", "deadline"] as const;
export type Sort = (typeof SORTS)[number];

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

/** The instant by which an order puts a conversation, and whether the latest comes first. */
const PLACES = {
  activity: { at: (row: Conversation) => row.last_message_at ?? row.opened_at, latestFirst: true },
  owed: { at: (row: Conversation) => row.owed_since, latestFirst: false },
  deadline: {
    at: ({ window }: Conversation) => (window.stage === "standard" ? window.standard_until : window.human_agent_until),
    latestFirst: false,
  },
} as const satisfies Record<Sort, { at: (row: Conversation) => string | null; latestFirst: boolean }>;

/** Whether an order has a place for a conversation: one that is owed no answer does not wait for one. */
export function hasPlace(row: Conversation, sort: Sort): boolean {
  return sort === "deadline" ? row.status !== "closed" && row.window.stage !== "closed" : PLACES[sort].at(row) !== null;
}

/** Compares two conversations of a list, in the order of the API's lists. */
export function inListOrder(a: Conversation, b: Conversation, sort: Sort = "activity"): number {
  const { at, latestFirst } = PLACES[sort];
  const [left, right] = [`${at(a)} ${a.id}`, `${at(b)} ${b.id}`];
  return left === right ? 0 : left < right === latestFirst ? 1 : -1;
}
