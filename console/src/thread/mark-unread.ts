import { api } from "../api/client";
import type { Conversation, Message } from "../api/types";

/** Up to which message one has read if the customer's last one is to be unread; null for nothing. */
export function readBeforeLast(messages: readonly Pick<Message, "id" | "direction">[]): string | null {
  const last = messages.findLastIndex((message) => message.direction === "inbound");
  return messages[last - 1]?.id ?? null;
}

/** Count the customer's last message as unread again. */
export async function markUnread(row: Conversation, messages: readonly Message[]): Promise<void> {
  await api.PUT("/v1/conversations/{conversation_id}/read", {
    params: { path: { conversation_id: row.id } },
    body: { up_to: readBeforeLast(messages) },
  });
}
