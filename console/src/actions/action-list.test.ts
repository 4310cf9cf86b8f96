import { expect, test } from "vitest";
import type { Conversation } from "../api/types";
import { offeredTo, whyNot } from "./action-list";

const row = (...actions: Partial<Conversation["actions"][number]>[]) => ({ actions }) as Pick<Conversation, "actions">;

test("an operation is possible where the row says so, and otherwise the row's reason is told", () => {
  expect(whyNot(row({ name: "end", legal: true, reason: null }), "end")).toBeNull();
  expect(whyNot(row({ name: "end", legal: false, reason: "not_your_conversation" }), "end")).toBe("not_your_conversation");
});

test("a transfer is possible if it is to an agent or to a queue", () => {
  const refused = { name: "transfer", legal: false, reason: "not_your_conversation" } as const;
  expect(whyNot(row(refused, { name: "transfer-to-queue", legal: true, reason: null }), "transfer")).toBeNull();
  expect(whyNot(row(refused, { ...refused, name: "transfer-to-queue" }), "transfer")).toBe("not_your_conversation");
});

test("agents are not shown what only those who lead may do", () => {
  expect(offeredTo("agent")).not.toContain("force-close");
  expect(offeredTo("supervisor")).toContain("force-close");
});
