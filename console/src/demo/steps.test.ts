import { expect, test } from "vitest";
import type { LogEvent } from "../live/blocks";
import { aConversation, aMessage } from "../store/examples";
import { nextStep, STEPS, type Step, stepOf } from "./steps";

function anEvent(kind: string, fields: Partial<LogEvent> = {}): LogEvent {
  return {
    id: 1,
    at: "2026-11-26T14:00:00Z",
    kind,
    customer_id: "u1",
    conversation_id: "c1",
    message_id: null,
    actor_kind: "system",
    actor_id: null,
    data: {},
    conversation: null,
    message: null,
    ...fields,
  };
}

test("C02 each step is ticked by what happened", () => {
  const mine = aConversation({ agent_id: "me", phase: "in_conversation" });
  const sent = aMessage({ sender_kind: "agent", agent_id: "me" });
  expect(stepOf(anEvent("message.received", { conversation: aConversation({ status: "open" }) }), "me")).toBe("write");
  expect(stepOf(anEvent("conversation.active", { conversation: mine }), "me")).toBe("accept");
  expect(stepOf(anEvent("message.sent", { conversation: mine, message: sent }), "me")).toBe("answer");
  expect(stepOf(anEvent("window.stage_changed", { data: { from: "standard" } }), "me")).toBe("travel");
  expect(stepOf(anEvent("message.held"), "me")).toBe("hold");
  expect(stepOf(anEvent("message.held_offered"), "me")).toBe("return");
  expect(stepOf(anEvent("conversation.wrap_up", { conversation: aConversation({ agent_id: "me", status: "wrap_up" }) }), "me")).toBe("end");
});

test("what is offered only, or is a colleague's, or was sent automatically, is no step of mine", () => {
  expect(stepOf(anEvent("conversation.active", { conversation: aConversation({ agent_id: "tom" }) }), "me")).toBeNull();
  const offered = aConversation({ agent_id: "me", phase: "awaiting_acceptance" });
  expect(stepOf(anEvent("conversation.active", { conversation: offered }), "me")).toBeNull();
  expect(stepOf(anEvent("message.sent", { message: aMessage({ sender_kind: "automatic" }) }), "me")).toBeNull();
});

test("without time travel the steps that need it are passed over", () => {
  const first = new Set<Step>(["write", "accept", "answer"]);
  expect(nextStep(first, true)).toBe("travel");
  expect(nextStep(first, false)).toBe("end");
  expect(nextStep(new Set(STEPS), true)).toBeNull();
});
