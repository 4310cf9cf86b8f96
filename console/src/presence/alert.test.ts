import { expect, test } from "vitest";
import type { LogEvent } from "../live/blocks";
import { aConversation } from "../store/examples";
import { alertOf, endsOffer } from "./alert";

const AT = "2026-11-26T14:00:00Z";
const NOW = Date.parse(AT) + 1_000;
const event = (fields: Partial<LogEvent>) =>
  ({ kind: "message.received", at: AT, conversation_id: "c1", data: {}, conversation: aConversation(), ...fields }) as LogEvent;

test("an offer to me is told, one to a colleague is not", () => {
  expect(alertOf(event({ kind: "offer.made", data: { agent_id: "me" } }), "me", "c1", NOW)).toEqual({ kind: "offer", conversationId: "c1" });
  expect(alertOf(event({ kind: "offer.made", data: { agent_id: "other" }, conversation: null }), "me", null, NOW)).toBeNull();
});

test("a message is told outside the open conversation, and only of what is mine", () => {
  expect(alertOf(event({}), "me", "c2", NOW)).toEqual({ kind: "message", conversationId: "c1" });
  expect(alertOf(event({}), "me", "c1", NOW)).toBeNull();
  expect(alertOf(event({ conversation: aConversation({ agent_id: "other" }) }), "me", null, NOW)).toBeNull();
});

test("nothing older than 30 s is told", () => {
  expect(alertOf(event({}), "me", null, NOW + 29_000)).not.toBeNull();
  expect(alertOf(event({}), "me", null, NOW + 30_000)).toBeNull();
});

test.each([
  ["offer.accepted", true],
  ["offer.withdrawn", true],
  ["consult.timed_out", true],
  ["offer.made", false],
  ["message.received", false],
])("%s ends an offer: %s", (kind, ends) => {
  expect(endsOffer(kind)).toBe(ends);
});
