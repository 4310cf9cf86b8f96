import { expect, test } from "vitest";
import { aMessage } from "../store/examples";
import { entriesOf } from "./entries";

test("a day has one line, and messages of one sender within three minutes are a group", () => {
  const entries = entriesOf(
    [
      aMessage({ id: "a", occurred_at: "2026-11-26T12:00:00Z" }),
      aMessage({ id: "b", occurred_at: "2026-11-26T12:02:00Z" }),
      aMessage({ id: "c", occurred_at: "2026-11-26T12:06:00Z" }),
      aMessage({ id: "d", occurred_at: "2026-11-26T12:06:30Z", direction: "outbound", sender_kind: "agent" }),
      aMessage({ id: "e", occurred_at: "2026-11-28T12:00:00Z" }),
    ],
    [],
  );
  expect(entries.map((each) => (each.is === "message" ? `${each.key}${each.continues ? "+" : ""}` : each.is))).toEqual([
    "day",
    "a",
    "b+",
    "c",
    "d",
    "day",
    "e",
  ]);
});

test("what has not reached the server yet comes last", () => {
  const item = { key: "k", conversationId: "c1", customerId: "u1", text: "x", hold: false, createdAt: 0, state: "sending", problem: null } as const;
  expect(entriesOf([aMessage()], [item]).at(-1)?.key).toBe("k");
});
