import "fake-indexeddb/auto";
import { expect, test } from "vitest";
import { DraftKeeper, draftTexts } from "./drafts";
import { openLocalDb } from "./local-db";

test("what was typed last is kept, for each conversation alone", async () => {
  const db = await openLocalDb("a1");
  const first = new DraftKeeper(db, "c1", "reply");
  first.keep({ text: "Hel", caret: 3, replyTo: null, files: [] }, 1);
  first.keep({ text: "Hello", caret: 5, replyTo: null, files: [] }, 2);
  await first.flush();
  const second = new DraftKeeper(db, "c2", "reply");
  expect(await second.read()).toBeUndefined();
  expect((await first.read())?.text).toBe("Hello");
  expect(await draftTexts(db)).toEqual({ c1: "Hello" });
});

test("a draft of a note is no draft of a reply", async () => {
  const db = await openLocalDb("a2");
  const note = new DraftKeeper(db, "c1", "note");
  note.keep({ text: "Look into this", caret: 0, replyTo: null, files: [] }, 1);
  await note.flush();
  expect(await draftTexts(db)).toEqual({});
});

test("an emptied text is no draft any more", async () => {
  const db = await openLocalDb("a3");
  const keeper = new DraftKeeper(db, "c1", "reply");
  keeper.keep({ text: "x", caret: 1, replyTo: null, files: [] }, 1);
  await keeper.flush();
  keeper.keep({ text: "", caret: 0, replyTo: null, files: [] }, 2);
  await keeper.flush();
  expect(await keeper.read()).toBeUndefined();
});

test("files without a text are a draft, too", async () => {
  const db = await openLocalDb("a4");
  const keeper = new DraftKeeper(db, "c1", "reply");
  keeper.keep({ text: "", caret: 0, replyTo: "m1", files: [{ id: "f1", name: "plan.pdf", bytes: 7 }] }, 1);
  await keeper.flush();
  expect(await keeper.read()).toMatchObject({ replyTo: "m1", files: [{ id: "f1" }] });
});
