import { expect, test } from "vitest";
import { bodyOf, draftOf, moved, type RuleSet } from "./draft";

const SET = {
  id: "s1",
  workstream_id: "w1",
  created_at: "2026-12-01T00:00:00Z",
  kind: "route",
  name: "Where it goes",
  position: 0,
  active: true,
  rules: [
    {
      id: "r1",
      name: "Orders",
      active: true,
      conditions: {
        needed: "all",
        items: [
          { field: "referral", operator: "is_one_of", value: ["spring", "sale"] },
          { needed: "any", items: [{ field: "context.Order", operator: "at_least", value: 100 }] },
        ],
      },
      targets: [{ queue_id: "q1", percent: 100 }],
      overflow: null,
    },
  ],
} as unknown as RuleSet;

test("a rule set that is not changed is saved as it was, groups within groups too", () => {
  const body = bodyOf(draftOf(SET, "route"));
  expect(body.rules).toEqual(SET.rules);
  expect(body.name).toBe("Where it goes");
});

test("a classification sends outputs and no targets", () => {
  const draft = draftOf(null, "classification");
  const rule = draftOf(SET, "route").rules[0];
  const body = bodyOf({ ...draft, name: "Needs", rules: rule === undefined ? [] : [rule] });
  expect(body.rules[0]).not.toHaveProperty("targets");
  expect(body.rules[0]?.outputs).toEqual({ skills: [], priority: null, profiles: [], context: {} });
});

test("rules move within their list and never out of it", () => {
  expect(moved(["a", "b", "c"], 0, 2)).toEqual(["b", "c", "a"]);
  expect(moved(["a", "b", "c"], 2, 1)).toEqual(["a", "c", "b"]);
  expect(moved(["a", "b"], 0, -1)).toEqual(["a", "b"]);
  expect(moved(["a", "b"], 1, 2)).toEqual(["a", "b"]);
});
