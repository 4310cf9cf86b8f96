/** Where one was in a thread: its first line in view, how far that had gone up, and how many messages there were. */
export interface Position {
  key: string;
  pixels: number;
  count: number;
}

/** By conversation, as long as the page lives. */
const kept = new Map<string, Position>();

/** Null: one was at the end, and follows it. */
export function keepPosition(conversationId: string, position: Position | null): void {
  if (position === null) {
    kept.delete(conversationId);
  } else {
    kept.set(conversationId, position);
  }
}

export function keptPosition(conversationId: string): Position | null {
  return kept.get(conversationId) ?? null;
}
