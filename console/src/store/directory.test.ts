import { expect, test } from "vitest";
import type { Directory } from "../api/types";
import { withChange } from "./directory";

const SHOP = { page_id: "p1", name: "Shop", attachments_for_agents: false };
const DIRECTORY: Directory = {
  agents: [],
  pages: [SHOP],
  queues: [{ id: "q1", name: "Sales", served: true }],
  workstreams: [],
};

test("a changed row takes the place of the former, a new one its place by name", () => {
  const on = withChange(DIRECTORY, { kind: "page", id: "p1", row: { ...SHOP, attachments_for_agents: true } });
  expect(on.pages).toEqual([{ ...SHOP, attachments_for_agents: true }]);
  const more = withChange(DIRECTORY, { kind: "queue", id: "q0", row: { id: "q0", name: "Returns", served: false } });
  expect(more.queues.map((each) => each.name)).toEqual(["Returns", "Sales"]);
});

test("what is gone is taken out", () => {
  expect(withChange(DIRECTORY, { kind: "queue", id: "q1", row: null }).queues).toEqual([]);
});
