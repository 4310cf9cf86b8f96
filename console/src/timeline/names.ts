import { t } from "@lingui/core/macro";
import type { Directory } from "../api/types";

/** Says by name what facts say by an id. */
export interface Names {
  agent(id: string): string;
  queue(id: string): string;
  customer: string;
}

/** Names from the directory. What is not in it keeps its id. */
export function namesOf(directory: Directory | null, customer: string | null): Names {
  const nameIn = (rows: readonly { id: string; name: string }[] | undefined, id: string, none: string) =>
    rows?.find((row) => row.id === id)?.name ?? (id === "" ? none : id);
  return {
    agent: (id) => nameIn(directory?.agents, id, t`an agent`),
    queue: (id) => nameIn(directory?.queues, id, t`a queue`),
    customer: customer ?? t`The customer`,
  };
}
