import { i18n } from "@lingui/core";
import { beforeAll, expect, test } from "vitest";
import { categoriesOf } from "./categories";
import { causeOf, retractedIds } from "./causes";
import type { Fact } from "./fact";
import facts from "./facts.json";
import { namesOf } from "./names";
import { CODES, CONDITIONS, MODES, OPENINGS, ORIGINS, REASONS, RULE_ACTIONS, SETTINGS, TRIGGERS } from "./reasons";
import { becauseOf, SENTENCES, sentenceOf } from "./sentences";
import { merged } from "./use-facts";

beforeAll(() => i18n.loadAndActivate({ locale: "en", messages: {} }));

const NAMES = namesOf(
  {
    agents: [{ id: "a1", name: "Mia" }],
    queues: [{ id: "q1", name: "Sales" }],
    pages: [],
    workstreams: [],
  } as never,
  "Ada",
);

function aFact(kind: string, data: Record<string, unknown> = {}, fields: Partial<Fact> = {}): Fact {
  const common = { id: 1, at: "2026-11-26T14:00:00Z", message_id: null, actor_kind: "system", actor_id: null } as const;
  return { ...common, kind: kind as Fact["kind"], data, ...fields };
}

test("C29 every kind of fact has a sentence", () => {
  expect(Object.keys(SENTENCES).toSorted()).toEqual(facts.kinds.toSorted());
  for (const kind of facts.kinds) {
    const sentence = sentenceOf(aFact(kind), NAMES, i18n);
    expect(sentence, kind).toMatch(/\.$/);
    expect(sentence).not.toContain("undefined");
  }
});

test.each([
  ["reason", facts.reasons, REASONS],
  ["code of a refusal", facts.codes, { ...CODES, ...REASONS }],
  ["setting", facts.settings, SETTINGS],
  ["trigger of an automated message", facts.triggers, TRIGGERS],
  ["origin of an offer", facts.origins, ORIGINS],
  ["condition of an overflow", facts.conditions, CONDITIONS],
  ["opening of the window", facts.openings, OPENINGS],
  ["mode of a participant", facts.modes, MODES],
  ["action of a time-out rule", facts.rule_actions, RULE_ACTIONS],
])("C29 every %s has words", (_, wanted, words) => {
  expect(wanted.filter((code) => !(code in words))).toEqual([]);
});

test("no words are kept for reasons that there are no more", () => {
  expect(Object.keys(REASONS).filter((code) => !facts.reasons.includes(code))).toEqual([]);
  expect(Object.keys(SETTINGS).filter((code) => !facts.settings.includes(code))).toEqual([]);
});

test("a refusal says who wanted what, and why not", () => {
  const refused = aFact("command.refused", { action: "reply", code: "human_agent_tag_disabled" }, { actor_kind: "agent", actor_id: "a1" });
  expect(sentenceOf(refused, NAMES, i18n)).toBe("Refused: Mia wanted this: reply.");
  expect(becauseOf(refused, i18n)).toBe("24 hours are over, and the human agent tag was off for this session");
});

test("a setting, an opening, a rule of the window each say why", () => {
  expect(becauseOf(aFact("window.closing_soon", { setting: "window_warning_minutes" }), i18n)).toBe(
    "the workstream warns before the window closes",
  );
  expect(becauseOf(aFact("window.stage_changed", { from: "standard", opened_by: "message" }), i18n)).toBe("it opened by a message");
  expect(becauseOf(aFact("message.sent", { allowed_by: "human_agent_tag" }), i18n)).toBe("the human agent tag allows it");
});

test("what is not known is shown by its code", () => {
  expect(sentenceOf(aFact("moon.rose"), NAMES, i18n)).toBe("moon.rose");
  expect(becauseOf(aFact("message.failed", { reason: "ConnectTimeout" }), i18n)).toBe("ConnectTimeout");
});

test("a fact follows from the one before with the same message, offer or rule", () => {
  const wrote = aFact("message.received", {}, { id: 1, message_id: "m1" });
  const offered = aFact("offer.made", { offer_id: "o1" }, { id: 2 });
  const rule = aFact("rule.applied", { rule_id: "r1" }, { id: 3 });
  const closed = aFact("conversation.closed", { rule_id: "r1" }, { id: 4 });
  const lapsed = aFact("offer.timed_out", { offer_id: "o1" }, { id: 5 });
  const ended = aFact("window.stage_changed", { from: "standard" }, { id: 6 });
  const newestFirst = [ended, lapsed, closed, rule, offered, wrote];
  expect(newestFirst.map((each) => causeOf(each, newestFirst)?.id ?? null)).toEqual([1, 2, 3, null, null, null]);
});

test("what was retracted is known by the entry that says so", () => {
  expect([...retractedIds([aFact("event.retracted", { event_id: 7 })])]).toEqual([7]);
});

test("facts stand newest first and once, in the order in which they were recorded at one instant", () => {
  const first = aFact("offer.made", {}, { id: 1 });
  const second = aFact("offer.accepted", {}, { id: 2 });
  expect(merged([first], [second, first]).map((each) => each.id)).toEqual([2, 1]);
});

test("a fact is found under all that it has to do with", () => {
  expect(categoriesOf(aFact("window.closing_soon", { setting: "window_warning_minutes" }))).toEqual(["timers", "meta"]);
  expect(categoriesOf(aFact("message.queued", {}, { actor_kind: "agent" }))).toEqual(["people", "delivery"]);
  expect(categoriesOf(aFact("conversation.closed", { rule_id: "r1" }))).toEqual(["rules"]);
});
