import { api } from "../api/client";
import { textOf } from "../api/problem-texts";
import type { Conversation } from "../api/types";
import { useDeskStore } from "../store/use-desk";
import { useNotice } from "../ui/notices";

/** The commands of a conversation that take no more than its id. */
export const PLAIN_COMMANDS = ["pick", "accept", "decline", "close-session", "reopen", "release", "end", "complete"] as const;
export type PlainCommand = (typeof PLAIN_COMMANDS)[number];

/** Whether a command is possible now, as the server says. */
export function isLegal(row: Conversation, command: PlainCommand): boolean {
  return row.actions.some((action) => action.name === command && action.legal);
}

/** Gives commands, says what was refused, and reads what came of it. Resolves to whether it was done. */
export function useCommands(): (id: string, command: PlainCommand, body?: object) => Promise<boolean> {
  const store = useDeskStore();
  const say = useNotice();
  return async (id, command, body) => {
    try {
      await api.POST(`/v1/conversations/{conversation_id}/${command}` as "/v1/conversations/{conversation_id}/pick", {
        params: { path: { conversation_id: id }, header: { "Idempotency-Key": crypto.randomUUID() } },
        ...(body === undefined ? {} : { body: body as never }),
      });
      return true;
    } catch (error) {
      say(textOf(error));
      return false;
    } finally {
      await Promise.allSettled([store.loadConversation(id), store.loadWork()]);
    }
  };
}
