import { expect, test } from "vitest";
import { age, shortTimeLeft, timeLeft } from "./durations";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

test.each([
  [76 * HOUR + 59 * MINUTE, "3 d 4 h"],
  [48 * HOUR, "2 d 0 h"],
  [48 * HOUR - 1, "47 h 59 m"],
  [HOUR, "1 h 0 m"],
  [HOUR - 1, "59 min"],
  [10 * MINUTE, "10 min"],
  [10 * MINUTE - 1, "9:59"],
  [SECOND, "0:01"],
  [SECOND - 1, "0:00"],
  [-5 * SECOND, "0:00"],
])("C11 %d ms are shown rounded down as %s", (left, shown) => {
  expect(timeLeft(left)).toBe(shown);
});

test("in narrow places one unit is shown", () => {
  expect([76 * HOUR, 21.9 * HOUR, 42 * MINUTE].map(shortTimeLeft)).toEqual(["3 d", "21 h", "42 min"]);
});

test("ages are rounded down, and never 0", () => {
  expect([0, 59 * MINUTE, 119 * MINUTE, 47 * HOUR].map(age)).toEqual(["< 1 min", "59 min", "1 h", "1 d"]);
});
