import type { Message, Note } from "../api/types";
import type { Outgoing } from "../store/outbox";

/** One line of a thread: a day, a message, a note, or what has not reached the server yet. */
export type Entry =
  | { is: "day"; key: string; at: string }
  /** `continues`: of the same sender as the one before. `hasReceipt`: the last that the receipt reaches. */
  | { is: "message"; key: string; message: Message; continues: boolean; hasReceipt: boolean }
  | { is: "notice"; key: string; message: Message }
  | { is: "note"; key: string; note: Note }
  | { is: "outgoing"; key: string; item: Outgoing };

const GROUP_MILLISECONDS = 3 * 60_000;
const RECEIPTS = ["sent", "delivered", "read"] as const;

/** What a thread is made of. `hasOlder`: the messages before these are not at hand. */
export interface ThreadParts {
  messages: readonly Message[];
  hasOlder: boolean;
  notes: readonly Note[];
  outgoing: readonly Outgoing[];
}

/** A thread as it is shown: a line for each day, and messages of one sender within 3 minutes together. */
export function entriesOf({ messages, hasOlder, notes, outgoing }: ThreadParts): Entry[] {
  const entries: Entry[] = [];
  const receipts = lastWithReceipts(messages);
  let day = "";
  let former: Message | null = null;
  for (const each of inOrder(messages, shownNotes(messages, hasOlder, notes))) {
    const at = "note" in each ? each.note.created_at : each.message.occurred_at;
    const isNewDay = dayOf(at) !== day;
    if (isNewDay) {
      day = dayOf(at);
      entries.push({ is: "day", key: `day-${day}`, at });
    }
    if ("note" in each) {
      entries.push({ is: "note", key: each.note.id, note: each.note });
      former = null;
    } else if (each.message.direction === "internal") {
      entries.push({ is: "notice", key: each.message.id, message: each.message });
      former = null;
    } else {
      const { message } = each;
      const continues = !isNewDay && former !== null && isGroup(former, message);
      entries.push({ is: "message", key: message.id, message, continues, hasReceipt: receipts.has(message.id) });
      former = message;
    }
  }
  return [...entries, ...outgoing.map((item) => ({ is: "outgoing" as const, key: item.key, item }))];
}

/** Notes from before the oldest message at hand come with the messages of their time. */
function shownNotes(messages: readonly Message[], hasOlder: boolean, notes: readonly Note[]): readonly Note[] {
  const oldest = messages[0];
  return hasOlder && oldest !== undefined
    ? notes.filter((note) => Date.parse(note.created_at) >= Date.parse(oldest.occurred_at))
    : notes;
}

function* inOrder(messages: readonly Message[], notes: readonly Note[]): Generator<{ message: Message } | { note: Note }> {
  let next = 0;
  for (const message of messages) {
    for (let note = notes[next]; note !== undefined && Date.parse(note.created_at) < Date.parse(message.occurred_at); note = notes[next]) {
      yield { note };
      next += 1;
    }
    yield { message };
  }
  yield* notes.slice(next).map((note) => ({ note }));
}

/** Of our messages that were sent, delivered or read: the last of each. */
function lastWithReceipts(messages: readonly Message[]): ReadonlySet<string> {
  const ours = messages.filter((message) => message.direction === "outbound");
  return new Set(RECEIPTS.flatMap((status) => ours.findLast((message) => message.status === status)?.id ?? []));
}

function isGroup(a: Message, b: Message): boolean {
  return (
    a.direction === b.direction &&
    a.sender_kind === b.sender_kind &&
    a.agent_id === b.agent_id &&
    a.app_id === b.app_id &&
    a.kind === b.kind &&
    Date.parse(b.occurred_at) - Date.parse(a.occurred_at) < GROUP_MILLISECONDS
  );
}

function dayOf(instant: string): string {
  return new Date(instant).toDateString();
}
