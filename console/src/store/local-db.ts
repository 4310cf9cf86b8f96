import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Draft } from "./drafts";
import type { Outgoing } from "./outbox";

interface Schema extends DBSchema {
  drafts: { key: [string, string]; value: Draft };
  outbox: { key: string; value: Outgoing };
}

export type LocalDb = IDBPDatabase<Schema>;

/** What this browser keeps for an agent: what they typed, and what has not reached the server yet. */
export function openLocalDb(agentId: string): Promise<LocalDb> {
  return openDB<Schema>(`pagedesk-${agentId}`, 1, {
    upgrade(db) {
      db.createObjectStore("drafts", { keyPath: ["conversationId", "kind"] });
      db.createObjectStore("outbox", { keyPath: "key" });
    },
  });
}
