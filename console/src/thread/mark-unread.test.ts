import { expect, test } from "vitest";
import { readBeforeLast } from "./mark-unread";

const said = (id: string, direction: "inbound" | "outbound") => ({ id, direction });

test("the customer's last message is unread, and what was said before it is read", () => {
  const messages = [said("a", "inbound"), said("b", "outbound"), said("c", "inbound"), said("d", "outbound")];
  expect(readBeforeLast(messages)).toBe("b");
});

test("where the customer's first message is the last, nothing is read", () => {
  expect(readBeforeLast([said("a", "inbound"), said("b", "outbound")])).toBeNull();
  expect(readBeforeLast([])).toBeNull();
});
