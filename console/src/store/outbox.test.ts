import "fake-indexeddb/auto";
import { expect, test } from "vitest";
import { ApiProblem } from "../api/problems";
import type { Message } from "../api/types";
import { aMessage } from "./examples";
import { openLocalDb } from "./local-db";
import { MAX_AGE_MILLISECONDS, Outbox, type Outgoing } from "./outbox";

const ITEM = { key: "k1", conversationId: "c1", customerId: "u1", text: "Hello", file: null, replyTo: null, hold: false };

async function anOutbox(agentId: string, answers: (Message | Error)[], arrived: Message | null = null) {
  const seen = { keys: [] as string[], sent: [] as string[], refused: [] as string[], items: [] as readonly Outgoing[] };
  let time = 0;
  const outbox = new Outbox(
    await openLocalDb(agentId),
    {
      send: async (item) => {
        seen.keys.push(item.key);
        const answer = answers.shift() ?? new ApiProblem("no_answer", 0, "");
        if (answer instanceof Error) {
          throw answer;
        }
        return answer;
      },
      find: async () => arrived,
    },
    {
      onChange: (items) => (seen.items = items),
      onSent: (item) => seen.sent.push(item.text),
      onRefused: (item, problem) => seen.refused.push(`${item.text}: ${problem.code}`),
    },
    () => time,
    async (milliseconds) => {
      time += milliseconds;
    },
  );
  return { outbox, seen, wait: (milliseconds: number) => (time += milliseconds) };
}

const LOST = new ApiProblem("no_answer", 0, "");

test("C32 without an answer the same key is asked again", async () => {
  const { outbox, seen } = await anOutbox("o1", [LOST, new ApiProblem("outcome_unknown", 503, ""), aMessage()]);
  await outbox.send(ITEM);
  expect(seen.keys).toEqual(["k1", "k1", "k1"]);
  expect(seen.sent).toEqual(["Hello"]);
  expect(seen.items).toEqual([]);
});

test("a refusal gives the text back and is not tried again", async () => {
  const { outbox, seen } = await anOutbox("o2", [new ApiProblem("window_closed", 409, "")]);
  await outbox.send(ITEM);
  expect(seen.refused).toEqual(["Hello: window_closed"]);
  expect(seen.keys).toEqual(["k1"]);
  expect(seen.items).toEqual([]);
});

test("after a minute it stays, as not sent, and goes again under the same key", async () => {
  const { outbox, seen } = await anOutbox("o3", Array.from({ length: 31 }, () => LOST));
  await outbox.send(ITEM);
  expect(seen.items.map((item) => [item.key, item.state])).toEqual([["k1", "not_sent"]]);
  const tries = seen.keys.length;
  await outbox.again("k1");
  expect(new Set(seen.keys)).toEqual(new Set(["k1"]));
  expect(seen.keys.length).toBeGreaterThan(tries);
});

test("C33 a reload goes on with what was being sent, and leaves alone what was not sent", async () => {
  const db = await openLocalDb("o4");
  await db.put("outbox", { ...ITEM, createdAt: 0, state: "sending", problem: null });
  await db.put("outbox", { ...ITEM, key: "old", createdAt: 0, state: "not_sent", problem: "no_answer" });
  const { outbox, seen } = await anOutbox("o4", [aMessage()]);
  await outbox.resume();
  expect(seen.keys).toEqual(["k1"]);
  expect(seen.items.map((item) => item.key)).toEqual(["old"]);
});

test("C34 a session that is over keeps the message until somebody is signed in again", async () => {
  const { outbox, seen } = await anOutbox("o5", [new ApiProblem("unauthenticated", 401, ""), aMessage()]);
  await outbox.send(ITEM);
  expect(seen.keys).toEqual(["k1", "k1"]);
  expect(seen.sent).toEqual(["Hello"]);
});

test("what is written to one customer leaves in its order, however slow the first is", async () => {
  const { outbox, seen } = await anOutbox("o6", [LOST, aMessage(), aMessage(), aMessage()]);
  const file = { id: "f1", name: "plan.pdf", bytes: 7 };
  await Promise.all([
    outbox.send(ITEM),
    outbox.send({ ...ITEM, key: "k2", text: "", file }),
    outbox.send({ ...ITEM, key: "k3", text: "Bye" }),
  ]);
  expect(seen.keys).toEqual(["k1", "k1", "k2", "k3"]);
});

test("it is told what became of a message", async () => {
  const { outbox } = await anOutbox("o7", [aMessage(), new ApiProblem("window_closed", 409, "")]);
  expect(await outbox.send(ITEM)).toBe("taken");
  expect(await outbox.send({ ...ITEM, key: "k2" })).toBe("refused");
});

test("an old text does not leave by itself after a closed browser: it is looked up", async () => {
  const db = await openLocalDb("o9");
  await db.put("outbox", { ...ITEM, createdAt: -MAX_AGE_MILLISECONDS, state: "sending", problem: null });
  const { outbox, seen } = await anOutbox("o9", [aMessage()]);
  await outbox.resume();
  expect(seen.keys).toEqual([]);
  expect(seen.items.map((item) => [item.key, item.state, item.problem])).toEqual([["k1", "not_sent", "no_answer"]]);

  const { outbox: next, seen: later } = await anOutbox("o9", [], aMessage());
  await db.put("outbox", { ...ITEM, createdAt: -MAX_AGE_MILLISECONDS, state: "sending", problem: null });
  await next.resume();
  expect([later.keys, later.sent, later.items]).toEqual([[], ["Hello"], []]);
});
