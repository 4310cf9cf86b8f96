import { api } from "../api/client";
import { textOf } from "../api/problem-texts";
import { useDeskStore } from "../store/use-desk";
import type { ActionName } from "./action-list";

/**
 * Asks for an operation on a conversation and reads what came of it. Resolves to null when it was done, else to
 * why it was refused, in the reader's words.
 */
export function useAct(): (id: string, action: ActionName, body?: object) => Promise<string | null> {
  const store = useDeskStore();
  return async (id, action, body) => {
    // To a queue and to an agent go by the same operation, with another body.
    const operation = action.replace(/-to-queue$/, "");
    try {
      await api.POST(`/v1/conversations/{conversation_id}/${operation}` as "/v1/conversations/{conversation_id}/pick", {
        params: { path: { conversation_id: id }, header: { "Idempotency-Key": crypto.randomUUID() } },
        ...(body === undefined ? {} : { body: body as never }),
      });
      return null;
    } catch (error) {
      return textOf(error);
    } finally {
      await Promise.allSettled([store.loadConversation(id), store.loadWork()]);
    }
  };
}
