import { expect, test } from "vitest";
import { preferredLanguage } from "./language";

test.each([
  [null, ["de-AT", "en"], "de"],
  [null, ["fr", "de"], "de"],
  [null, ["fr"], "en"],
  [null, [], "en"],
  ["en", ["de"], "en"],
  ["xx", ["de"], "de"],
])("chosen %s, browser's %s: %s", (chosen, browsers, language) => {
  expect(preferredLanguage(chosen, browsers)).toBe(language);
});
