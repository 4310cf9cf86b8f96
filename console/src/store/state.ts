import type { Config, Conversation, ConversationCounts, Directory, Message, Note, Work } from "../api/types";
import { belongs, hasPlace, inListOrder, type ListName, type Sort } from "./lists";
import type { Outgoing } from "./outbox";

/** One list: ids in their order, as far as it is loaded. */
export interface ListState {
  ids: readonly string[];
  nextCursor: string | null;
  sort: Sort;
  /** Something happened that the rows at hand do not tell: load it again. */
  stale: boolean;
}

/** One customer's thread: messages in the order of time, the newest part of it. */
export interface ThreadState {
  messages: readonly Message[];
  hasOlder: boolean;
}

/** All that the console knows of the desk. Replaced, never changed. */
export interface DeskState {
  conversations: Readonly<Record<string, Conversation>>;
  lists: Readonly<Partial<Record<ListName, ListState>>>;
  /** By customer. */
  threads: Readonly<Record<string, ThreadState>>;
  /** By customer, the oldest first. */
  notes: Readonly<Record<string, readonly Note[]>>;
  outgoing: readonly Outgoing[];
  /** The texts of drafts of replies, by conversation. */
  drafts: Readonly<Record<string, string>>;
  counts: ConversationCounts | null;
  work: Work | null;
  directory: Directory | null;
  /** Limits and times of this installation. */
  config: Config | null;
  connection: { isConnected: boolean; since: number; problemCode: string | null };
}

export const EMPTY: DeskState = {
  conversations: {},
  lists: {},
  threads: {},
  notes: {},
  outgoing: [],
  drafts: {},
  counts: null,
  work: null,
  directory: null,
  config: null,
  connection: { isConnected: false, since: 0, problemCode: null },
};

/** Take over rows that are not older than those at hand, and put them into the lists that they belong to. */
export function withConversations(state: DeskState, rows: readonly Conversation[], agentId: string): DeskState {
  const fresh = rows.filter((row) => isNotOlder(row, state.conversations[row.id]));
  if (fresh.length === 0) {
    return state;
  }
  const conversations = { ...state.conversations, ...Object.fromEntries(fresh.map((row) => [row.id, row])) };
  const lists = { ...state.lists };
  for (const name of Object.keys(lists) as ListName[]) {
    const list = lists[name];
    if (list !== undefined) {
      lists[name] = placed(name, list, fresh, conversations, agentId);
    }
  }
  return { ...state, conversations, lists };
}

/** Of two rows of a conversation the one that was read later is newer, and then the one of a higher version. */
function isNotOlder(row: Conversation, known: Conversation | undefined): boolean {
  if (known === undefined) {
    return true;
  }
  const difference = Date.parse(row.changed_at) - Date.parse(known.changed_at);
  return difference > 0 || (difference === 0 && row.version >= known.version);
}

/** Forget conversations that one does not see any more. */
export function withoutConversations(state: DeskState, ids: readonly string[]): DeskState {
  const gone = new Set(ids);
  const lists = Object.fromEntries(
    Object.entries(state.lists).map(([name, list]) => [name, { ...list, ids: list.ids.filter((id) => !gone.has(id)) }]),
  );
  const conversations = Object.fromEntries(Object.entries(state.conversations).filter(([id]) => !gone.has(id)));
  return { ...state, conversations, lists };
}

function placed(
  name: ListName,
  list: ListState,
  fresh: readonly Conversation[],
  conversations: DeskState["conversations"],
  agentId: string,
): ListState {
  let ids = list.ids;
  for (const row of fresh) {
    const verdict = hasPlace(row, list.sort) && belongs(name, row, agentId);
    const isIn = ids.includes(row.id);
    if (verdict === false && isIn) {
      ids = ids.filter((id) => id !== row.id);
    } else if (verdict === true && !isIn) {
      ids = [...ids, row.id];
    }
  }
  const rows = ids.map((id) => conversations[id]).filter((row) => row !== undefined);
  const sorted = rows.toSorted((a, b) => inListOrder(a, b, list.sort)).map((row) => row.id);
  // What comes after all that is loaded is not at hand: the next page brings it.
  const last = list.nextCursor === null ? sorted.length : sorted.findLastIndex((id) => list.ids.includes(id)) + 1;
  return { ...list, ids: sorted.slice(0, last) };
}

/** Put messages, oldest first, into their thread: by Meta's time, at one instant the customer's first. */
export function withMessages(thread: ThreadState, messages: readonly Message[]): ThreadState {
  const byId = new Map(thread.messages.map((message) => [message.id, message]));
  for (const message of messages) {
    byId.set(message.id, message);
  }
  return { ...thread, messages: [...byId.values()].toSorted(inThreadOrder) };
}

function inThreadOrder(a: Message, b: Message): number {
  if (a.occurred_at === b.occurred_at) {
    return Number(b.direction === "inbound") - Number(a.direction === "inbound");
  }
  return Date.parse(a.occurred_at) - Date.parse(b.occurred_at);
}
