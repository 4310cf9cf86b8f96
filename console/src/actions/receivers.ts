import { useQueries } from "@tanstack/react-query";
import { api, bodyOf } from "../api/client";
import type { Directory } from "../api/types";
import { useDesk } from "../store/use-desk";

type NamedAgent = Directory["agents"][number];

/** Of more queues than these nobody's places are read. */
const MAX_QUEUES_READ = 10;

export interface Receiver {
  id: string;
  name: string;
  presence: NamedAgent["presence"];
  /** Places that are free; null where one may not know. */
  free: number | null;
}

/** Who comes first: who can most likely take it. */
const LIKELIHOOD: readonly NamedAgent["presence"][] = ["available", "busy", null, "inactive", "do_not_disturb", "away", "offline"];

/** The colleagues who may be asked, likeliest first: by presence, then by free places, then by name. */
export function orderReceivers(
  agents: readonly NamedAgent[],
  freeUnits: ReadonlyMap<string, number>,
  without: ReadonlySet<string>,
): Receiver[] {
  return agents
    .filter((each) => each.active && each.role !== "machine" && !without.has(each.id))
    .map(({ id, name, presence }) => ({ id, name, presence, free: freeUnits.get(id) ?? null }))
    .toSorted(
      (a, b) =>
        LIKELIHOOD.indexOf(a.presence) - LIKELIHOOD.indexOf(b.presence) ||
        (b.free ?? 0) - (a.free ?? 0) ||
        a.name.localeCompare(b.name),
    );
}

/** Whether the desk most likely refuses to ask somebody with this presence. It decides itself when it is asked. */
export function isUnlikely(presence: NamedAgent["presence"]): boolean {
  return presence === "offline" || presence === "away" || presence === "do_not_disturb";
}

export interface QueueEntry {
  id: string;
  name: string;
  waiting: number | null;
  isOpen: boolean | null;
}

/** Colleagues and queues, with places and lengths of the queues that one serves. Read when a dialog opens. */
export function useReceivers(without: ReadonlySet<string>): { agents: Receiver[]; queues: QueueEntry[] } {
  const directory = useDesk((state) => state.directory);
  const served = (directory?.queues ?? []).filter((queue) => queue.served).slice(0, MAX_QUEUES_READ);
  const states = useQueries({
    queries: served.map(({ id }) => ({
      queryKey: ["queue-state", id],
      queryFn: () => bodyOf(api.GET("/v1/queues/{queue_id}/state", { params: { path: { queue_id: id } } })),
      staleTime: 0,
    })),
  }).flatMap(({ data }) => (data === undefined ? [] : [data]));
  const freeUnits = new Map(states.flatMap(({ members }) => members.map((each) => [each.agent_id, each.free_units] as const)));
  const byId = new Map(states.map((state) => [state.queue_id, state]));
  return {
    agents: orderReceivers(directory?.agents ?? [], freeUnits, without),
    queues: (directory?.queues ?? []).map(({ id, name }) => ({
      id,
      name,
      waiting: byId.get(id)?.waiting ?? null,
      isOpen: byId.get(id)?.is_open ?? null,
    })),
  };
}
