import { api, bodyOf } from "../api/client";
import type { Message } from "../api/types";
import type { Outgoing } from "./outbox";

/** Send a message under its key. */
export function postMessage(item: Outgoing): Promise<Message> {
  return bodyOf(
    api.POST("/v1/conversations/{conversation_id}/messages", {
      params: { path: { conversation_id: item.conversationId }, header: { "Idempotency-Key": item.key } },
      body: {
        ...(item.file === null ? { text: item.text } : { attachments: [{ id: item.file.id }] }),
        ...(item.replyTo === null ? {} : { reply_to: item.replyTo }),
        hold: item.hold,
      },
    }),
  );
}

/** The message that the agent has sent under this key, if it arrived. */
export async function findMessage(item: Outgoing, agentId: string): Promise<Message | null> {
  const query = { client_key: item.key, agent_id: agentId, limit: 1 };
  const page = await bodyOf(api.GET("/v1/messages", { params: { query } }));
  return page.items[0] ?? null;
}
