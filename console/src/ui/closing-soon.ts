import type { Conversation } from "../api/types";

/** Whether the window closes soon on somebody who is owed an answer: from the instant on that the server names. */
export function isClosingSoon(row: Conversation, nowMilliseconds: number): boolean {
  return row.warning_at !== null && nowMilliseconds >= Date.parse(row.warning_at);
}
