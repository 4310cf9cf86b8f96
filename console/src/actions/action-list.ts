import { msg } from "@lingui/core/macro";
import type { Conversation } from "../api/types";

export type Action = Conversation["actions"][number];
export type ActionName = Action["name"];

/** What asks further before it is done. */
export type DialogName = "transfer" | "consult" | "end" | "complete" | "assign" | "force-close";

interface Offered {
  title: ReturnType<typeof msg>;
  dialog?: DialogName;
  /** For supervisors and administrators; nobody else is shown it. */
  leads?: true;
  /** It is possible if any of these operations is. */
  any?: readonly ActionName[];
}

/** What the console offers to do with a conversation, in the order of its menu. */
export const OFFERED = {
  pick: { title: msg`Take it` },
  "close-session": { title: msg`Wait` },
  transfer: { title: msg`Transfer…`, dialog: "transfer", any: ["transfer", "transfer-to-queue"] },
  consult: { title: msg`Consult…`, dialog: "consult" },
  release: { title: msg`Release` },
  leave: { title: msg`Leave` },
  reopen: { title: msg`Reopen` },
  end: { title: msg`End…`, dialog: "end" },
  complete: { title: msg`Complete` },
  monitor: { title: msg`Monitor`, leads: true },
  join: { title: msg`Join`, leads: true },
  assign: { title: msg`Assign…`, dialog: "assign", leads: true, any: ["assign", "assign-to-queue"] },
  "force-close": { title: msg`Force close…`, dialog: "force-close", leads: true },
} as const satisfies Partial<Record<ActionName, Offered>>;
export type OfferedName = keyof typeof OFFERED;
export const OFFERED_NAMES = Object.keys(OFFERED) as OfferedName[];

/** Why an operation is not possible now, as the row says: a code, or null where it is possible. */
export function whyNot(row: Pick<Conversation, "actions">, name: OfferedName): string | null {
  const offered: Offered = OFFERED[name];
  const told = (offered.any ?? [name]).map((each) => row.actions.find((action) => action.name === each));
  if (told.some((action) => action?.legal)) {
    return null;
  }
  return told.find((action) => action !== undefined)?.reason ?? "invalid_state";
}

/** What somebody in this role is shown. */
export function offeredTo(role: string): readonly OfferedName[] {
  const leads = role === "supervisor" || role === "admin";
  return OFFERED_NAMES.filter((name) => leads || (OFFERED[name] as Offered).leads === undefined);
}
