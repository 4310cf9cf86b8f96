import { i18n } from "@lingui/core";
import { beforeAll, expect, test } from "vitest";
import { deliveryWords } from "./delivery-words";

beforeAll(() => i18n.loadAndActivate({ locale: "en", messages: {} }));

test.each([
  ["queued", null, "◷ waits to be sent"],
  ["sending", null, "… is being sent"],
  ["sent", null, "✓ sent"],
  ["delivered", null, "✓✓ delivered"],
  ["read", null, "✓✓ read"],
  ["held", "window_closed", "‖ held: the messaging window was closed. Kept until 8 Dec."],
  ["held", "page_token_invalid", "‖ held: the page can send nothing now"],
  ["unknown", "attempt_lost", "? Meta did not say whether it arrived. Look in the Page's inbox first."],
  ["failed", "customer_unreachable", "! Not sent: the customer has blocked the page or cannot be reached."],
  ["failed", "a_reason_of_tomorrow", "! Not sent: a_reason_of_tomorrow."],
  ["cancelled", null, "× cancelled"],
  ["cancelled", "original_sent", "× cancelled: the first one had arrived"],
  ["expired", null, "× expired: the customer did not write in time"],
  ["resent", null, "↻ said again"],
] as const)("C21 %s (%s) reads: %s", (status, reason, words) => {
  expect(deliveryWords({ status, reason }, "8 Dec")).toBe(words);
});
