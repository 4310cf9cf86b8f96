import { expect, test } from "vitest";
import { aConversation, aMessage } from "./examples";
import { EMPTY, withConversations, withMessages, withoutConversations } from "./state";

const MINE = { ...EMPTY, lists: { mine: { ids: [], nextCursor: null, sort: "activity" as const, stale: false } } };

test("a row enters the list that it belongs to, and leaves it again", () => {
  const taken = withConversations(MINE, [aConversation({ version: 1 })], "me");
  expect(taken.lists.mine?.ids).toEqual(["c1"]);
  const ended = withConversations(taken, [aConversation({ version: 2, status: "closed" })], "me");
  expect(ended.lists.mine?.ids).toEqual([]);
});

test("a row that was read before changes nothing, though its version be higher: versions can go back", () => {
  const now = withConversations(MINE, [aConversation({ changed_at: "2026-11-26T14:00:05Z", version: 4, unread: 3 })], "me");
  expect(withConversations(now, [aConversation({ changed_at: "2026-11-26T14:00:04Z", version: 5, unread: 0 })], "me")).toBe(now);
});

test("a row that is older than all that is loaded waits for its page", () => {
  const partly = { ...EMPTY, lists: { mine: { ids: [], nextCursor: "more", sort: "activity" as const, stale: false } } };
  const first = withConversations(partly, [aConversation({ id: "a", last_message_at: "2026-11-26T15:00:00Z" })], "me");
  expect(first.lists.mine?.ids).toEqual([]);
});

test("C22 an edited message replaces the former one in its place", () => {
  const thread = withMessages({ messages: [], hasOlder: false }, [
    aMessage({ id: "late", occurred_at: "2026-11-26T14:05:00Z" }),
    aMessage({ id: "first", occurred_at: "2026-11-26T14:00:00Z" }),
  ]);
  const edited = withMessages(thread, [aMessage({ id: "first", text: "hello!" })]);
  expect(edited.messages.map((each) => [each.id, each.text])).toEqual([
    ["first", "hello!"],
    ["late", "hello"],
  ]);
});

test("C35 what one does not see any more is in no list", () => {
  const taken = withConversations(MINE, [aConversation()], "me");
  const gone = withoutConversations(taken, ["c1"]);
  expect([gone.lists.mine?.ids, gone.conversations["c1"]]).toEqual([[], undefined]);
});
