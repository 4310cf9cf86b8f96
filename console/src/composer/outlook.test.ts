import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Conversation, ReplyOutlook } from "../api/types";
import { aConversation } from "../store/examples";
import { outlookOf } from "./outlook";

function judged(reply: Partial<ReplyOutlook>, fields: Partial<Conversation> = {}, closesSoon = false) {
  const base: ReplyOutlook = {
    verdict: "refused",
    code: null,
    sent_as: null,
    allowed_by: null,
    may_hold: false,
    reopening_brings_tag: false,
    changes_at: null,
    // oxlint-disable-next-line unicorn/no-thenable -- the field of the API
    then: null,
  };
  const { strip, mode } = outlookOf(aConversation({ ...fields, reply: { ...base, ...reply } }), "me", closesSoon);
  return [strip, mode];
}

test("C09 each verdict has its strip and its button", () => {
  expect(judged({ verdict: "allowed", sent_as: "standard" })).toEqual(["standard", "send"]);
  const closes = { verdict: "allowed", sent_as: "standard", changes_at: "2026-11-27T14:00:00Z" } as const;
  expect(judged(closes, {}, true)).toEqual(["closing_soon", "send"]);
  expect(judged({ verdict: "allowed", sent_as: "human_agent" })).toEqual(["human_agent", "send_as_human_agent"]);
  expect(judged({ verdict: "later", code: "page_held" })).toEqual(["page_not_sending", "send_later"]);
  expect(judged({ code: "human_agent_tag_disabled", may_hold: true })).toEqual(["tag_off", "hold"]);
  expect(judged({ code: "human_agent_tag_disabled", may_hold: true, reopening_brings_tag: true })).toEqual([
    "tag_needs_session",
    "hold",
  ]);
  expect(judged({ code: "window_closed", may_hold: true })).toEqual(["window_closed", "hold"]);
  expect(judged({ code: "window_never_opened" })).toEqual(["never_opened", null]);
  expect(judged({ code: "thread_owned_by_another_app" })).toEqual(["other_app", null]);
  expect(judged({ code: "not_your_conversation" }, { agent_id: "other" })).toEqual(["not_yours", null]);
  expect(judged({ code: "invalid_state" }, { status: "open", agent_id: null })).toEqual(["nobodys", null]);
  expect(judged({ code: "invalid_state" }, { phase: "awaiting_acceptance" })).toEqual(["accept_first", null]);
  expect(judged({ code: "invalid_state" }, { status: "waiting" })).toEqual(["waiting", null]);
  expect(judged({ code: "invalid_state" }, { status: "wrap_up" })).toEqual(["wrap_up", null]);
  expect(judged({ code: "conversation_closed" }, { status: "closed" })).toEqual(["closed", null]);
  expect(judged({ code: "what_nobody_knows" as "forbidden" })).toEqual(["unknown", null]);
});

interface ReplyCase {
  status: Conversation["status"];
  phase: Conversation["phase"];
  agent_id: string | null;
  reply: ReplyOutlook;
  taken: boolean;
  taken_if_held: boolean;
}

test("C09 there is a button exactly where the server takes a reply, and it asks for holding where only that is taken", () => {
  const cases = JSON.parse(readFileSync(`${import.meta.dirname}/reply-cases.json`, "utf8")) as ReplyCase[];
  expect(cases.length).toBeGreaterThan(15);
  for (const { taken, taken_if_held: takenIfHeld, ...row } of cases) {
    const { mode } = outlookOf(aConversation(row), "me");
    const wanted = taken ? [false, false] : takenIfHeld ? [false, true] : [true, false];
    expect([mode === null, mode === "hold"], JSON.stringify(row)).toEqual(wanted);
  }
});
