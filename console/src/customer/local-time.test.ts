import { expect, test } from "vitest";
import { languageName, localTime } from "./local-time";

const NOON = Date.parse("2026-11-26T12:00:00Z");

test.each([
  ["1", "13:00"],
  ["-8", "04:00"],
  ["5.5", "17:30"],
  ["0", "12:00"],
  ["", null],
  [null, null],
  ["soon", null],
  ["99", null],
])("at noon in UTC the clock of a customer %s h from it shows %s", (hours, shown) => {
  expect(localTime(hours, NOON, "en-GB")).toBe(shown);
});

test.each([
  ["de_AT", "German"],
  ["pt_BR", "Portuguese"],
  ["", null],
  [null, null],
  ["<b>", null],
])("the locale %s is %s", (locale, name) => {
  expect(languageName(locale, "en")).toBe(name);
});
