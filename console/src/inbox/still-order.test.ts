import { expect, test } from "vitest";
import { keepOrder, risen } from "./still-order";

test("C25 what is in sight keeps its place, what is new comes after it, what is gone is gone", () => {
  expect(keepOrder(["a", "b", "c"], ["new", "c", "a"])).toEqual(["a", "c", "new"]);
});

test("what came to the top has moved, and not all that it pushed down", () => {
  expect(risen(["a", "b", "c", "new"], ["new", "a", "b", "c"])).toBe(1);
  expect(risen(["a", "b"], ["a", "b"])).toBe(0);
});
