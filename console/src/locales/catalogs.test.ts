import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { LANGUAGES } from "./language";

const SRC = `${import.meta.dirname}/..`;
const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".po"));

function entries(language: string): Map<string, string> {
  const own = files.filter((name) => name.endsWith(`/${language}.po`));
  const joined = own.map((name) => readFileSync(`${SRC}/${name}`, "utf8").replaceAll(/"\n"/g, "")).join("\n");
  return new Map([...joined.matchAll(/^msgid "(.+)"\nmsgstr "(.*)"$/gm)].map((found) => [found[1] ?? "", found[2] ?? ""]));
}

test("each folder with texts has them in each language", () => {
  const folders = new Set(files.map((name) => name.replace(/[^/]+$/, "")));
  const wanted = [...folders].flatMap((folder) => LANGUAGES.map((each) => `${folder}${each}.po`));
  expect(files.toSorted()).toEqual(wanted.toSorted());
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
