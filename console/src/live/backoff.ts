const MIN_MILLISECONDS = 500;
const MAX_MILLISECONDS = 15_000;

/** How long to wait before try number `tries` (from 0): twice as long each time, and never all at once. */
export function backoffMilliseconds(tries: number, random: number = Math.random()): number {
  const most = Math.min(MAX_MILLISECONDS, MIN_MILLISECONDS * 2 ** tries);
  return MIN_MILLISECONDS / 2 + (most - MIN_MILLISECONDS / 2) * random;
}
