import { useAct } from "../actions/act";
import type { Conversation } from "../api/types";
import { useNotice } from "../ui/notices";

/** The commands of a conversation that take no more than its id. */
export const PLAIN_COMMANDS = ["pick", "accept", "decline", "close-session", "reopen", "release", "end", "complete", "join"] as const;
export type PlainCommand = (typeof PLAIN_COMMANDS)[number];

/** Whether a command is possible now, as the server says. */
export function isLegal(row: Conversation, command: PlainCommand): boolean {
  return row.actions.some((action) => action.name === command && action.legal);
}

/** Gives commands, says what was refused, and reads what came of it. Resolves to whether it was done. */
export function useCommands(): (id: string, command: PlainCommand, body?: object) => Promise<boolean> {
  const act = useAct();
  const say = useNotice();
  return async (id, command, body) => {
    const problem = await act(id, command, body);
    if (problem !== null) {
      say(problem);
    }
    return problem === null;
  };
}
