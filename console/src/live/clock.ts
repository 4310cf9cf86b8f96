/** The desk's time, from what the server tells; the browser's own clock may be hours wrong. */

const MAX_SAMPLES = 5;
const JUMP_MILLISECONDS = 2_000;
const TICK_MILLISECONDS = 1_000;

/** How far the desk's clock is ahead of this machine's: the median of the newest samples. */
export class ClockOffset {
  #samples: number[] = [];

  /** `serverMilliseconds` was right at `localMilliseconds`. A jump, as time travel makes, counts at once. */
  note(serverMilliseconds: number, localMilliseconds: number): void {
    const sample = serverMilliseconds - localMilliseconds;
    if (this.#samples.length > 0 && Math.abs(sample - this.milliseconds) > JUMP_MILLISECONDS) {
      this.#samples = [];
    }
    this.#samples = [...this.#samples, sample].slice(-MAX_SAMPLES);
  }

  get milliseconds(): number {
    const sorted = this.#samples.toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  }
}

const offset = new ClockOffset();
const listeners = new Set<() => void>();
let second = Math.floor(now() / 1000);
let ticker: ReturnType<typeof setInterval> | null = null;

/** The desk's time in milliseconds since 1970. */
export function now(): number {
  return Date.now() + offset.milliseconds;
}

/** The server said that this is its time now. */
export function noteServerTime(instant: string): void {
  offset.note(Date.parse(instant), Date.now());
  tick();
}

/**
 * The server wrote this instant down, so its time is that or later. After time travel it tells before the
 * next ping does.
 */
export function noteServerWrote(instant: string): void {
  if (Date.parse(instant) - now() > JUMP_MILLISECONDS) {
    noteServerTime(instant);
  }
}

/** Be told each second, as long as the page can be seen; for `useSyncExternalStore`. */
export function onSecond(listener: () => void): () => void {
  listeners.add(listener);
  keepTicking();
  return () => {
    listeners.delete(listener);
    keepTicking();
  };
}

/** The desk's time in whole seconds, the same until the next tick. */
export function currentSecond(): number {
  return second;
}

function tick(): void {
  const reached = Math.floor(now() / 1000);
  if (reached !== second) {
    second = reached;
    for (const listener of listeners) {
      listener();
    }
  }
}

function keepTicking(): void {
  const wanted = listeners.size > 0 && globalThis.document?.visibilityState === "visible";
  if (wanted && ticker === null) {
    ticker = setInterval(tick, TICK_MILLISECONDS);
    tick();
  } else if (!wanted && ticker !== null) {
    clearInterval(ticker);
    ticker = null;
  }
}

globalThis.document?.addEventListener("visibilitychange", keepTicking);
