import type { Message } from "../api/types";
import type { Outgoing } from "../store/outbox";

/** One line of a thread: a day, a message, or what has not reached the server yet. */
export type Entry =
  | { is: "day"; key: string; at: string }
  | { is: "message"; key: string; message: Message; continues: boolean }
  | { is: "outgoing"; key: string; item: Outgoing };

const GROUP_MILLISECONDS = 3 * 60_000;

/** A thread as it is shown: a line for each day, and messages of one sender within 3 minutes together. */
export function entriesOf(messages: readonly Message[], outgoing: readonly Outgoing[]): Entry[] {
  const entries: Entry[] = [];
  let former: Message | null = null;
  for (const message of messages) {
    const isNewDay = former === null || !isSameDay(former.occurred_at, message.occurred_at);
    if (isNewDay) {
      entries.push({ is: "day", key: `day-${message.id}`, at: message.occurred_at });
    }
    const continues = !isNewDay && former !== null && isGroup(former, message);
    entries.push({ is: "message", key: message.id, message, continues });
    former = message;
  }
  return [...entries, ...outgoing.map((item) => ({ is: "outgoing" as const, key: item.key, item }))];
}

function isGroup(a: Message, b: Message): boolean {
  return (
    a.direction === b.direction &&
    a.sender_kind === b.sender_kind &&
    a.agent_id === b.agent_id &&
    Date.parse(b.occurred_at) - Date.parse(a.occurred_at) < GROUP_MILLISECONDS
  );
}

function isSameDay(a: string, b: string): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}
