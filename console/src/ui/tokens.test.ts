import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const css = readFileSync(`${import.meta.dirname}/tokens.css`, "utf8");
const tokens = new Map(
  [...css.matchAll(/--([\w-]+): light-dark\((#\w+), (#\w+)\)/g)].map((found) => [found[1] ?? "", [found[2] ?? "", found[3] ?? ""]]),
);

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].toSorted((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

const TEXT_PAIRS = [
  ...["surface", "background", "selected", "hover"].flatMap((ground) => [
    ["text", ground],
    ["muted", ground],
  ]),
  ["on-accent", "accent"],
  ["accent", "surface"],
  ["ok", "ok-ground"],
  ["warn", "warn-ground"],
  ["human-agent", "human-agent-ground"],
  ["bad", "bad-ground"],
  ["bad", "surface"],
  ...["ok", "warn", "human-agent", "bad"].map((ground) => ["text", `${ground}-ground`]),
  ...["agent", "customer", "bot", "automatic", "survey", "note"].flatMap((who) => [
    ["text", `bubble-${who}`],
    ["muted", `bubble-${who}`],
  ]),
] as [string, string][];

test.each(TEXT_PAIRS)("C50 %s on %s has a contrast of 4.5 in both themes", (text, ground) => {
  for (const theme of [0, 1]) {
    expect(contrast(tokens.get(text)?.[theme] ?? "", tokens.get(ground)?.[theme] ?? "")).toBeGreaterThanOrEqual(4.5);
  }
});

test.each(["control", "focus", "accent"])("C50 %s has a contrast of 3 to the surface", (name) => {
  for (const theme of [0, 1]) {
    expect(contrast(tokens.get(name)?.[theme] ?? "", tokens.get("surface")?.[theme] ?? "")).toBeGreaterThanOrEqual(3);
  }
});
