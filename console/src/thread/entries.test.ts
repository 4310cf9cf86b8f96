import { expect, test } from "vitest";
import type { Message } from "../api/types";
import { aMessage, aNote } from "../store/examples";
import type { Outgoing } from "../store/outbox";
import { type Entry, entriesOf } from "./entries";

const NOTHING = { hasOlder: false, notes: [], outgoing: [] };
const ours = (fields: Partial<Message>) => aMessage({ direction: "outbound", sender_kind: "agent", ...fields });

function shown(entries: readonly Entry[]) {
  return entries.map((each) => (each.is === "message" ? `${each.key}${each.continues ? "+" : ""}` : each.is === "note" ? each.key : each.is));
}

test("a day has one line, and messages of one sender within three minutes are a group", () => {
  const messages = [
    aMessage({ id: "a", occurred_at: "2026-11-26T12:00:00Z" }),
    aMessage({ id: "b", occurred_at: "2026-11-26T12:02:00Z" }),
    aMessage({ id: "c", occurred_at: "2026-11-26T12:06:00Z" }),
    ours({ id: "d", occurred_at: "2026-11-26T12:06:30Z" }),
    aMessage({ id: "e", occurred_at: "2026-11-28T12:00:00Z" }),
  ];
  expect(shown(entriesOf({ ...NOTHING, messages }))).toEqual(["day", "a", "b+", "c", "d", "day", "e"]);
});

test("notes stand where they were written, and end a group", () => {
  const messages = [
    aMessage({ id: "a", occurred_at: "2026-11-26T12:00:00Z" }),
    aMessage({ id: "b", occurred_at: "2026-11-26T12:02:00Z" }),
  ];
  const notes = [
    aNote({ id: "early", created_at: "2026-11-25T12:00:00Z" }),
    aNote({ id: "between", created_at: "2026-11-26T12:01:00Z" }),
    aNote({ id: "last", created_at: "2026-11-26T12:03:00Z" }),
  ];
  expect(shown(entriesOf({ ...NOTHING, messages, notes }))).toEqual(["day", "early", "day", "a", "between", "b", "last"]);
  expect(shown(entriesOf({ ...NOTHING, messages, notes, hasOlder: true }))).toEqual(["day", "a", "between", "b", "last"]);
});

test("what is told to agents alone is a notice, not a bubble", () => {
  const messages = [aMessage({ id: "n", direction: "internal", kind: "message_not_sent" })];
  expect(shown(entriesOf({ ...NOTHING, messages }))).toEqual(["day", "notice"]);
});

test("a receipt shows on the last message that it reaches", () => {
  const messages = (["read", "read", "delivered", "delivered", "sent"] as const).map((status, index) => ours({ id: String(index), status }));
  const entries = entriesOf({ ...NOTHING, messages });
  expect(entries.flatMap((each) => (each.is === "message" && each.hasReceipt ? [each.key] : []))).toEqual(["1", "3", "4"]);
});

test("what has not reached the server yet comes last", () => {
  const item: Outgoing = {
    key: "k",
    conversationId: "c1",
    customerId: "u1",
    text: "x",
    file: null,
    replyTo: null,
    hold: false,
    createdAt: 0,
    state: "sending",
    problem: null,
  };
  expect(entriesOf({ ...NOTHING, messages: [aMessage()], outgoing: [item] }).at(-1)?.key).toBe("k");
});
