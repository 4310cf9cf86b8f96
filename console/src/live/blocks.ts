import type { Conversation, Message } from "../api/types";

/** An event of the log, as `GET /v1/events` tells it. */
export interface LogEvent {
  id: number;
  at: string;
  kind: string;
  customer_id: string | null;
  conversation_id: string | null;
  message_id: string | null;
  actor_kind: string;
  actor_id: string | null;
  data: Record<string, unknown>;
  /** The rows that it names, as one sees them; null where one does not. */
  conversation: Conversation | null;
  message: Message | null;
}

/** One block of the stream: its name and its data, parsed. */
export interface Block {
  event: string;
  data: unknown;
}

/** The blocks that the stream tells of itself, or of the desk's lists. */
export const OWN_BLOCKS = ["hello", "ping", "reset", "goodbye", "counts", "directory"] as const;

/** The event that a block tells of; null for one of the stream's own. */
export function logEventOf(block: Block): LogEvent | null {
  const isOwn = OWN_BLOCKS.some((name) => name === block.event);
  return isOwn || typeof block.data !== "object" || block.data === null ? null : (block.data as LogEvent);
}
