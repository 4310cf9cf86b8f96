import { expect, test } from "vitest";
import { preferencesOf, USUAL } from "./preferences";

test.each([[null], ["{"], ["[]"], ['"x"'], ['{"theme":7,"singleKeys":"no","sorts":{"mine":"best","x":"owed"},"keys":{"reply":1}}']])(
  "what was kept as %s is as usual",
  (kept) => {
    expect(preferencesOf(kept)).toEqual(USUAL);
  },
);

test("what was chosen is kept", () => {
  const chosen = { ...USUAL, theme: "dark" as const, enterSends: true, singleKeys: false, sorts: { mine: "owed" as const }, keys: { reply: "x" } };
  expect(preferencesOf(JSON.stringify(chosen))).toEqual(chosen);
});
