import { expect, test } from "vitest";
import { Latest } from "./latest";

function asked(): { latest: Latest<string>; answers: ((value: string) => void)[]; taken: string[] } {
  const answers: ((value: string) => void)[] = [];
  const taken: string[] = [];
  const latest = new Latest(
    () => new Promise<string>((resolve) => answers.push(resolve)),
    (value) => taken.push(value),
  );
  return { latest, answers, taken };
}

test("an answer that is overtaken is not taken", async () => {
  const { latest, answers, taken } = asked();
  const loads = [latest.load(), latest.load()];
  answers[1]?.("new");
  await loads[1];
  answers[0]?.("old");
  await loads[0];
  expect(taken).toEqual(["new"]);
});

test("answers in their order are all taken", async () => {
  const { latest, answers, taken } = asked();
  const loads = [latest.load(), latest.load()];
  answers[0]?.("one");
  answers[1]?.("two");
  await Promise.all(loads);
  expect(taken).toEqual(["one", "two"]);
});

test("what came unasked is newer than an answer on its way", async () => {
  const { latest, answers, taken } = asked();
  const load = latest.load();
  latest.told("told");
  answers[0]?.("old");
  await load;
  expect(taken).toEqual(["told"]);
});
