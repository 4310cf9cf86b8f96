import { api, bodyOf } from "../api/client";
import { ApiProblem } from "../api/problems";
import type { components } from "../api/schema";
import type { Conversation } from "../api/types";

export type BulkAction = components["schemas"]["BulkAction"];

/** What one call of the API takes. */
export const MAX_OF_A_CALL = 100;
/** What may be chosen at once. */
export const MAX_CHOSEN = 1000;
const MAX_KEPT = 20;

/** To whom something is given; exactly one of the two. */
export interface Receiver {
  agent_id?: string;
  queue_id?: string;
}

/** What became of an action on many conversations. `problems`: how many were refused, by code. */
export interface BulkRun {
  at: string;
  action: BulkAction;
  receiver: string;
  chosen: number;
  done: number;
  problems: Record<string, number>;
}

/** The operations by which a bulk action acts on one conversation. */
const OPERATIONS: Record<BulkAction, readonly string[]> = {
  assign: ["assign", "assign-to-queue"],
  transfer: ["transfer", "transfer-to-queue"],
  force_close: ["force-close"],
};

/** How many of these the action can be done with now, as the server says. */
export function possibleWith(action: BulkAction, rows: readonly Conversation[]): number {
  return rows.filter((row) => row.actions.some((each) => each.legal && OPERATIONS[action].includes(each.name))).length;
}

/** Act on conversations, a hundred at a time; `onProgress` is told how many have an outcome. */
export async function actOnMany(
  action: BulkAction,
  ids: readonly string[],
  to: Receiver,
  onProgress: (settled: number) => void,
): Promise<Pick<BulkRun, "done" | "problems">> {
  let done = 0;
  const problems: Record<string, number> = {};
  const count = (code: string, more = 1) => {
    problems[code] = (problems[code] ?? 0) + more;
  };
  for (let start = 0; start < ids.length; start += MAX_OF_A_CALL) {
    const some = ids.slice(start, start + MAX_OF_A_CALL);
    try {
      const { results } = await bodyOf(
        api.POST("/v1/bulk-actions", {
          params: { header: { "Idempotency-Key": crypto.randomUUID() } },
          body: { action, conversation_ids: some, agent_id: to.agent_id ?? null, queue_id: to.queue_id ?? null },
        }),
      );
      for (const { code } of results) {
        if (code === null) {
          done += 1;
        } else {
          count(code);
        }
      }
    } catch (error) {
      // What was refused as a whole is refused for the rest, too; what has no answer is not tried again blindly.
      count(error instanceof ApiProblem ? error.code : "no_answer", ids.length - start);
      break;
    } finally {
      onProgress(Math.min(ids.length, start + MAX_OF_A_CALL));
    }
  }
  return { done, problems };
}

/** What was done before, newest first; kept in this browser. */
export function keptRuns(agentId: string): readonly BulkRun[] {
  try {
    return JSON.parse(localStorage.getItem(`pagedesk-bulk-${agentId}`) ?? "[]") as BulkRun[];
  } catch {
    return [];
  }
}

export function keepRun(agentId: string, run: BulkRun): readonly BulkRun[] {
  const runs = [run, ...keptRuns(agentId)].slice(0, MAX_KEPT);
  localStorage.setItem(`pagedesk-bulk-${agentId}`, JSON.stringify(runs));
  return runs;
}
