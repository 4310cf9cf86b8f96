import { expect, test } from "vitest";
import { aConversation } from "./examples";
import { belongs, hasPlace, inListOrder, LIST_NAMES } from "./lists";

test.each([
  [{ status: "open", agent_id: null }, ["open"]],
  [{ status: "active", agent_id: "me" }, ["mine"]],
  [{ status: "active", agent_id: "other" }, []],
  [{ status: "wrap_up", agent_id: "me" }, ["mine"]],
  [{ status: "waiting", agent_id: "me" }, ["waiting"]],
  [{ status: "closed", agent_id: "me" }, ["done"]],
] as const)("%o is in %s", (fields, lists) => {
  const row = aConversation(fields);
  expect(LIST_NAMES.filter((list) => belongs(list, row, "me"))).toEqual(lists);
});

test("what closes soon only the server knows, but for what is closed", () => {
  expect(belongs("closing_soon", aConversation({ status: "active" }), "me")).toBe(null);
  expect(belongs("closing_soon", aConversation({ status: "closed" }), "me")).toBe(false);
});

test("the newest message comes first; of two at one instant the order stays", () => {
  const rows = [
    aConversation({ id: "a", last_message_at: "2026-11-26T14:00:00Z" }),
    aConversation({ id: "b", last_message_at: "2026-11-26T15:00:00Z" }),
    aConversation({ id: "c", last_message_at: "2026-11-26T15:00:00Z" }),
  ];
  expect(rows.toSorted((a, b) => inListOrder(a, b)).map((row) => row.id)).toEqual(["c", "b", "a"]);
});

test("the longest waiting comes first, and what is owed no answer has no place", () => {
  const rows = [
    aConversation({ id: "a", owed_since: "2026-11-26T15:00:00Z" }),
    aConversation({ id: "b", owed_since: "2026-11-26T14:00:00Z" }),
  ];
  expect(rows.toSorted((a, b) => inListOrder(a, b, "owed")).map((row) => row.id)).toEqual(["b", "a"]);
  expect(hasPlace(aConversation({ owed_since: null }), "owed")).toBe(false);
  expect(hasPlace(aConversation({ owed_since: null }), "activity")).toBe(true);
});

test("the next closing window comes first: of a human agent's stage its own end counts", () => {
  const { window } = aConversation();
  const rows = [
    aConversation({ id: "days", window: { ...window, stage: "human_agent", human_agent_until: "2026-11-29T14:00:00Z" } }),
    aConversation({ id: "hours", window: { ...window, stage: "standard", standard_until: "2026-11-27T09:00:00Z" } }),
  ];
  expect(rows.toSorted((a, b) => inListOrder(a, b, "deadline")).map((row) => row.id)).toEqual(["hours", "days"]);
  expect(hasPlace(aConversation({ window: { ...window, stage: "closed" } }), "deadline")).toBe(false);
});
