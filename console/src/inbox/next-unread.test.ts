import { expect, test } from "vitest";
import { nextUnread } from "./next-unread";

const rows = [
  { id: "a", unread: 1 },
  { id: "b", unread: 0 },
  { id: "c", unread: 2 },
  { id: "d", unread: 0 },
];

test.each([
  ["b", 1, "c"],
  ["b", -1, "a"],
  ["c", 1, "a"],
  ["a", -1, "c"],
  [null, 1, "a"],
] as const)("from %s by %d the next unread is %s", (openId, step, next) => {
  expect(nextUnread(rows, openId, step)).toBe(next);
});

test("there is none where everything is read, or only the open one is not", () => {
  expect(nextUnread([{ id: "a", unread: 3 }], "a", 1)).toBeNull();
  expect(nextUnread([], null, 1)).toBeNull();
});
