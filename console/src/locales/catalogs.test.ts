import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { LANGUAGES } from "./language";

function entries(language: string): Map<string, string> {
  const text = readFileSync(`${import.meta.dirname}/${language}.po`, "utf8");
  const joined = text.replaceAll(/"\n"/g, "");
  return new Map([...joined.matchAll(/^msgid "(.+)"\nmsgstr "(.*)"$/gm)].map((found) => [found[1] ?? "", found[2] ?? ""]));
}

test("each language has a file", () => {
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".po"));
  expect(files.toSorted()).toEqual(LANGUAGES.map((each) => `${each}.po`).toSorted());
});

test("C49 every text is in German", () => {
  const german = entries("de");
  expect([...entries("en").keys()].filter((text) => !german.get(text))).toEqual([]);
});

test("placeholders are the same in both languages", () => {
  const names = (text: string) => [...text.matchAll(/\{\w+|<\/?\d+\/?>/g)].map(String).toSorted();
  const different = [...entries("de")].filter(([text, german]) => String(names(text)) !== String(names(german)));
  expect(different.filter(([text]) => !text.includes("plural"))).toEqual([]);
});
