import { expect, test } from "vitest";
import { titleOf } from "./waiting-title";

test.each([
  [0, null, "Pagedesk"],
  [3, null, "(3) Pagedesk"],
  [3, "Ada, order 7", "(3) Ada, order 7 · Pagedesk"],
  [0, "Ada", "Ada · Pagedesk"],
  [1, "", "(1) Pagedesk"],
])("with %d waiting and %s open the tab is called %s", (waiting, open, title) => {
  expect(titleOf(waiting, open)).toBe(title);
});
