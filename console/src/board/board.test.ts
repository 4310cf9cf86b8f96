import { expect, test } from "vitest";
import { aConversation } from "../store/examples";
import { possibleWith } from "./bulk";
import { filterOf, queryOf } from "./filters";
import { membersOf, oldestOf, overCapacity, type QueueState, waitingIn } from "./numbers";

function aQueue(fields: Partial<QueueState>): QueueState {
  return {
    queue_id: "q",
    waiting: 0,
    listed: 0,
    claimed: 0,
    parked: 0,
    oldest_at: null,
    is_open: true,
    ready_agents: 0,
    members: [],
    ...fields,
  };
}

test("C28 what waits for an agent is all that is open: offered to nobody yet, listed, being offered, parked", () => {
  expect(waitingIn(aQueue({ waiting: 1, listed: 2, claimed: 3, parked: 4 }))).toBe(10);
});

test("the oldest of all queues is the one that waits longest", () => {
  const queues = [aQueue({}), aQueue({ oldest_at: "2026-11-26T14:00:00Z" }), aQueue({ oldest_at: "2026-11-26T13:59:00.5Z" })];
  expect(oldestOf(queues)).toBe("2026-11-26T13:59:00.5Z");
  expect(oldestOf([aQueue({})])).toBeNull();
});

test("who serves two queues is one agent, and above their capacity where people gave them more", () => {
  const mia = { agent_id: "mia", presence: "busy", free_units: -1 } as const;
  const members = membersOf([aQueue({ members: [mia] }), aQueue({ members: [mia] })]);
  expect(members).toEqual([mia]);
  expect(overCapacity(mia)).toBe(1);
});

test("an address says what is shown; what it says wrongly is left out", () => {
  expect(filterOf({ show: "open", queue: "q1" })).toEqual({ show: "open", queue: "q1" });
  expect(filterOf({ show: "moon", agent: 7 })).toEqual({ show: "all" });
});

test("C28 a number is opened by the query that counts the same", () => {
  expect(queryOf({ show: "open", queue: "q1" })).toEqual({ status: ["open"], queue_id: "q1" });
  expect(queryOf({ show: "closing_soon" })).toEqual({ status: ["open", "active", "waiting", "wrap_up"], window: "closing_soon" });
  expect(queryOf({ show: "active", agent: "mia" })).toEqual({ status: ["active"], agent_id: "mia" });
});

test("how many an action can be done with is what the server says of each", () => {
  const legal = aConversation({ actions: [{ name: "assign-to-queue", legal: true, reason: null }] });
  const not = aConversation({ actions: [{ name: "assign", legal: false, reason: "conversation_closed" }] });
  expect(possibleWith("assign", [legal, not])).toBe(1);
});
