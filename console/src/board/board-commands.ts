import { msg } from "@lingui/core/macro";
import { useQueryClient } from "@tanstack/react-query";
import { api } from "../api/client";
import { textOf } from "../api/problem-texts";
import type { Conversation } from "../api/types";
import { useNotice } from "../ui/notices";
import type { Receiver } from "./bulk";

/** What a supervisor does with a conversation of others. */
export const COMMANDS = ["monitor", "join", "leave", "assign", "transfer", "force-close"] as const;
export type BoardCommand = (typeof COMMANDS)[number];

export const COMMAND_NAMES = {
  monitor: msg`Watch, read-only`,
  join: msg`Join`,
  leave: msg`Leave`,
  assign: msg`Assign…`,
  transfer: msg`Transfer…`,
  "force-close": msg`Close by force`,
} as const satisfies Record<BoardCommand, unknown>;

/** The operations of the API by which each is done; one of them has to be legal. */
const OPERATIONS: Record<BoardCommand, readonly string[]> = {
  monitor: ["monitor"],
  join: ["join"],
  leave: ["leave"],
  assign: ["assign", "assign-to-queue"],
  transfer: ["transfer", "transfer-to-queue"],
  "force-close": ["force-close"],
};

/** Whether a command is possible now, as the server says. */
export function isPossible(row: Conversation, command: BoardCommand): boolean {
  return row.actions.some((action) => action.legal && OPERATIONS[command].includes(action.name));
}

/** Gives commands, and says what was refused; the board is read anew after each. */
export function useBoardCommands(): (id: string, command: BoardCommand, to?: Receiver) => Promise<void> {
  const say = useNotice();
  const queries = useQueryClient();
  return async (id, command, to) => {
    try {
      await api.POST(`/v1/conversations/{conversation_id}/${command}` as "/v1/conversations/{conversation_id}/assign", {
        params: { path: { conversation_id: id }, header: { "Idempotency-Key": crypto.randomUUID() } },
        ...(to === undefined ? ({} as { body: never }) : { body: to as never }),
      });
    } catch (error) {
      say(textOf(error));
    } finally {
      await queries.invalidateQueries({ queryKey: ["board"] });
    }
  };
}
