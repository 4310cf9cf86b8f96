import { setupI18n, type Messages } from "@lingui/core";
import { expect, test } from "vitest";
import { pseudoTexts } from "./pseudo";

const MESSAGES = {
  plain: ["Send"],
  named: ["Hello ", ["name"], "!"],
  tagged: ["<0>Take</0> it"],
  counted: [["count", "plural", { one: ["#", " reply"], other: ["#", " replies"], offset: 0 }]],
  sign: ["✓✓ "],
} as unknown as Messages;

function shown(language: "en-XA" | "ar-XB", id: string, values: Record<string, unknown> = {}): string {
  const i18n = setupI18n();
  i18n.loadAndActivate({ locale: "en", messages: pseudoTexts(MESSAGES, language) });
  return i18n._(id, values);
}

test("texts become 40 % longer and stay readable; names, signs and tags stay as they are", () => {
  expect(shown("en-XA", "plain")).toBe("Šëñd~~");
  expect(shown("en-XA", "named", { name: "Ann" })).toBe("Hëllö ~~Ann!");
  expect(shown("en-XA", "tagged")).toBe("<0>Tákë~~</0> ît~");
  expect(shown("en-XA", "counted", { count: 2 })).toBe("2 rëplîëš~~~");
  expect(shown("en-XA", "sign")).toBe("✓✓ ");
});

test("texts run from right to left", () => {
  expect(shown("ar-XB", "named", { name: "Ann" })).toBe("\u202EHello \u202CAnn!");
});
