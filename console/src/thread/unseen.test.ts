import { expect, test } from "vitest";
import type { Message } from "../api/types";
import { aMessage } from "../store/examples";
import { countUnseen } from "./unseen";

const by = (id: string, agentId: string | null, fields: Partial<Message> = {}) =>
  aMessage({ id, direction: "outbound", sender_kind: "agent", agent_id: agentId, ...fields });

test("C19 replies of a colleague, the Page inbox and other apps count, one's own and automatic ones do not", () => {
  const messages = [
    aMessage({ id: "seen" }),
    by("mine", "me"),
    by("colleagues", "tom"),
    by("inbox", null, { sender_kind: "outside" }),
    by("greeting", null, { sender_kind: "automatic" }),
    aMessage({ id: "customers" }),
  ];
  expect(countUnseen(messages, new Set(["seen"]), "me")).toBe(2);
  expect(countUnseen(messages, new Set(["seen", "colleagues", "inbox"]), "me")).toBe(0);
});

test("C19 history that was loaded since is not unseen", () => {
  expect(countUnseen([by("old", "tom"), aMessage({ id: "seen" })], new Set(["seen"]), "me")).toBe(0);
});
