import type { components } from "../api/schema";

export type QueueState = components["schemas"]["QueueStateView"];
export type MemberState = components["schemas"]["MemberStateView"];

/** How many wait for an agent in a queue: to be offered, to be picked, being offered, or with nobody left to ask. */
export function waitingIn(state: QueueState): number {
  return state.waiting + state.listed + state.claimed + state.parked;
}

/** Since when the oldest of all queues waits; null where nothing does. */
export function oldestOf(states: readonly QueueState[]): string | null {
  const waits = states.map((state) => state.oldest_at).filter((at) => at !== null);
  return waits.toSorted((a, b) => Date.parse(a) - Date.parse(b))[0] ?? null;
}

/** Each member of these queues once. */
export function membersOf(states: readonly QueueState[]): readonly MemberState[] {
  return [...new Map(states.flatMap((state) => state.members).map((member) => [member.agent_id, member])).values()];
}

/** How many units somebody has above what they can; 0 where none. */
export function overCapacity(member: MemberState): number {
  return Math.max(0, -member.free_units);
}
