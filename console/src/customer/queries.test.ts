import { expect, test } from "vitest";
import { changesPanel } from "./queries";

const event = (kind: string, customerId: string | null, data: Record<string, unknown> = {}) => ({ kind, customer_id: customerId, data });

test.each([
  [event("customer.contact_linked", "u1"), true],
  [event("customer.contact_linked", "u2"), false],
  [event("conversation.context_changed", "u1"), true],
  [event("contact.changed", null, { contact_id: "k1" }), true],
  [event("contact.changed", null, { contact_id: "k2" }), false],
  [event("message.sent", "u1"), false],
])("%o changes the panel of customer u1, contact k1: %s", (told, changes) => {
  expect(changesPanel(told, "u1", "k1")).toBe(changes);
});
