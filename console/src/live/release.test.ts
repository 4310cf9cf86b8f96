import { beforeEach, expect, test } from "vitest";
import { forgetRelease, hasNewRelease, noteRelease } from "./release";

beforeEach(forgetRelease);

test("C36 the first release that one hears of is the page's own", () => {
  noteRelease("1.0");
  noteRelease("1.0");
  expect(hasNewRelease()).toBe(false);
});

test("C36 another one is new, and stays so", () => {
  noteRelease("1.0");
  noteRelease("1.1");
  noteRelease("1.0");
  expect(hasNewRelease()).toBe(true);
});
