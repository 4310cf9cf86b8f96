import { expect, test } from "vitest";
import { operatorsOf, parsedValue, typedValue } from "./fields";

test.each([
  ["referral", "equals", " spring ", "spring"],
  ["priority", "at_least", "100", 100],
  ["context.OrderValue", "at_least", "100", 100],
  ["context.OrderNumber", "equals", "0042", "0042"],
  ["locale", "is_one_of", "de_DE, de_AT", ["de_DE", "de_AT"]],
  ["priority", "is_one_of", "1, 2", [1, 2]],
  ["priority", "at_least", "many", "many"],
  ["ad_id", "is_known", "whatever", null],
] as const)("%s %s %s is sent as %j", (field, operator, typed, value) => {
  expect(parsedValue(field, operator, typed)).toEqual(value);
});

test("a list is shown as it is typed", () => {
  expect(typedValue(["de_DE", "de_AT"])).toBe("de_DE, de_AT");
  expect(typedValue(null)).toBe("");
});

test("a number is never compared as a text", () => {
  expect(operatorsOf("priority")).not.toContain("begins_with");
  expect(operatorsOf("context.OrderValue")).toContain("begins_with");
});
