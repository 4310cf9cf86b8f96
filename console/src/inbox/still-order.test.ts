import { expect, test } from "vitest";
import { keepOrder } from "./still-order";

test("C25 what is in sight keeps its place, what is new comes after it, what is gone is gone", () => {
  expect(keepOrder(["a", "b", "c"], ["new", "c", "a"])).toEqual(["a", "c", "new"]);
});
