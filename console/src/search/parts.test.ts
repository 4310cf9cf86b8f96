import { expect, test } from "vitest";
import { partsOf } from "./parts";

test("what was found is marked, and the text stays whole", () => {
  expect(partsOf("my lamp and lamp", [{ start: 3, end: 7 }, { start: 12, end: 16 }])).toEqual([
    { text: "my ", isMatch: false },
    { text: "lamp", isMatch: true },
    { text: " and ", isMatch: false },
    { text: "lamp", isMatch: true },
  ]);
});

test("offsets are of UTF-16 units, so that emoji before a word move nothing", () => {
  expect(partsOf("😀 lamp", [{ start: 3, end: 7 }])).toEqual([
    { text: "😀 ", isMatch: false },
    { text: "lamp", isMatch: true },
  ]);
});

test("markup is text as any other", () => {
  expect(partsOf("<b>x</b>", [{ start: 0, end: 3 }])[0]).toEqual({ text: "<b>", isMatch: true });
});
