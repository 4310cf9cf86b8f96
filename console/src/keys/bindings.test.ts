import { expect, test } from "vitest";
import { BINDING_NAMES, BINDINGS, clashOf, isSingle, keysOf, pressOf, shownKeys } from "./bindings";

test("C45 single letters are switched off together, and the others stay", () => {
  const off = { singleKeys: false, keys: {} };
  expect(BINDING_NAMES.filter((name) => keysOf(name, off) !== null)).toEqual(["back", "palette", "next-pane", "previous-pane"]);
});

test("C45 a single letter is another where one has chosen so", () => {
  expect(keysOf("reply", { singleKeys: true, keys: { reply: "x" } })).toBe("x");
  expect(keysOf("palette", { singleKeys: true, keys: { palette: "x" } })).toBe("$mod+k");
});

test("no two bindings have the same keys, and none begins with another's", () => {
  expect(BINDING_NAMES.map((name) => clashOf(name, BINDINGS[name].keys, {}))).toEqual(BINDING_NAMES.map(() => null));
});

test.each([
  ["reply", "n", "note"],
  ["reply", "g", "go-mine"],
  ["reply", "x", null],
] as const)("%s on %s clashes with %s", (name, keys, other) => {
  expect(clashOf(name, keys, {})).toBe(other);
});

test.each([
  ["?", "[Shift]+?"],
  ["g m", "g m"],
  ["$mod+k", "$mod+k"],
  ["Escape", "Escape"],
])("%s is pressed as %s", (keys, press) => {
  expect(pressOf(keys)).toBe(press);
});

test.each([
  ["$mod+k", "Ctrl/⌘-K"],
  ["g m", "g m"],
  ["Shift+F6", "Shift-F6"],
])("%s is shown as %s", (keys, shown) => {
  expect(shownKeys(keys)).toBe(shown);
});

test("everything that is one sign is called single", () => {
  const alone = BINDING_NAMES.filter((name) => BINDINGS[name].keys.split(" ").every((press) => press.length === 1));
  expect(alone).toEqual(BINDING_NAMES.filter(isSingle));
});
