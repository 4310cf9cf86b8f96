import { expect, test } from "vitest";
import { ClockOffset, noteServerTime, noteServerWrote, now } from "./clock";

const HOUR = 3_600_000;

test("C10 a browser clock that is three hours wrong is corrected", () => {
  const offset = new ClockOffset();
  offset.note(10 * HOUR, 7 * HOUR);
  expect(offset.milliseconds).toBe(3 * HOUR);
});

test("one late answer does not move the clock: the median of five counts", () => {
  const offset = new ClockOffset();
  for (const delay of [10, 12, 1_900, 11, 13]) {
    offset.note(HOUR, HOUR + delay);
  }
  expect(offset.milliseconds).toBe(-12);
});

test("time travel counts at once", () => {
  const offset = new ClockOffset();
  for (const local of [0, 1_000, 2_000]) {
    offset.note(local, local);
  }
  offset.note(25 * HOUR, 3_000);
  expect(offset.milliseconds).toBe(25 * HOUR - 3_000);
});

test("before anything is known it is the machine's own clock", () => {
  expect(new ClockOffset().milliseconds).toBe(0);
});

test("C08 what the server wrote in the future tells of time travel before the next ping, what it wrote before tells nothing", () => {
  const start = Date.now();
  const at = (milliseconds: number) => new Date(start + milliseconds).toISOString();
  noteServerTime(at(0));
  noteServerWrote(at(25 * HOUR));
  expect(now() - start).toBeGreaterThanOrEqual(25 * HOUR);
  const travelled = now();
  noteServerWrote(at(HOUR));
  expect(now()).toBeGreaterThanOrEqual(travelled);
  noteServerTime(new Date().toISOString());
});
