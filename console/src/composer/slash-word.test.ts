import { expect, test } from "vitest";
import { slashWord } from "./slash-word";

test.each([
  ["/", 1, { start: 0, end: 1, query: "" }],
  ["/ord", 4, { start: 0, end: 4, query: "ord" }],
  ["Hello /ord", 10, { start: 6, end: 10, query: "ord" }],
  ["Hello\n/#ship", 12, { start: 6, end: 12, query: "#ship" }],
  ["Hello /order text", 9, { start: 6, end: 9, query: "or" }],
])("%j with the caret at %d begins a quick reply", (text, caret, word) => {
  expect(slashWord(text, caret)).toEqual(word);
});

test.each([
  ["", 0],
  ["and/or", 6],
  ["https://shop.example", 20],
  ["/order is late", 14],
  ["//", 2],
])("%j with the caret at %d begins none", (text, caret) => {
  expect(slashWord(text, caret)).toBeNull();
});
