import { expect, test } from "vitest";
import type { Directory } from "../api/types";
import { isUnlikely, orderReceivers } from "./receivers";

const agent = (id: string, presence: Directory["agents"][number]["presence"], more: object = {}) =>
  ({ id, name: id, presence, role: "agent", active: true, ...more }) as Directory["agents"][number];

test("who is there and has room comes first, who is away last; programs, leavers and oneself are not asked", () => {
  const agents = [
    agent("away", "away"),
    agent("full", "available"),
    agent("free", "available"),
    agent("busy", "busy"),
    agent("me", "available"),
    agent("robot", null, { role: "machine" }),
    agent("left", "available", { active: false }),
    agent("elsewhere", null),
  ];
  const free = new Map([["free", 3], ["full", 0], ["busy", 2]]);
  expect(orderReceivers(agents, free, new Set(["me"])).map((each) => [each.id, each.free])).toEqual([
    ["free", 3],
    ["full", 0],
    ["busy", 2],
    ["elsewhere", null],
    ["away", null],
  ]);
});

test.each([
  ["available", false],
  ["busy", false],
  ["inactive", false],
  ["away", true],
  ["do_not_disturb", true],
  ["offline", true],
] as const)("asking somebody who is %s is refused most likely: %s", (presence, unlikely) => {
  expect(isUnlikely(presence)).toBe(unlikely);
});
